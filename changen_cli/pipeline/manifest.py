"""What an output says of itself: the arguments that decide its bytes, and what came of them."""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import torch

from changen_cli.pipeline.plan import fingerprint_files
from changen_cli.version import __version__

if TYPE_CHECKING:
    from changen_cli.pipeline.run import Run
    from changen_cli.pipeline.summary import Summary

LIBRARIES = ("torch", "rasterio", "shapely", "numpy", "zarr")


def describe_run(run: Run) -> dict[str, Any]:
    """Returns every argument that decides the bytes of the output; a resumed run must have the same ones.

    Not among them: batch size, workers and the like, which decide only how fast. The kind of device is: a GPU sums in
    another order than a CPU.
    """
    options, plan = run.options, run.plan
    return {
        "inputs": list(options.inputs),
        "input_files": fingerprint_files(plan, options),
        "masks": options.masks,
        "footprints": options.footprints,
        "format": options.format,
        "schedule": options.schedule().as_manifest(),
        "steps": options.steps,
        "variants": options.variants,
        "tile_size": options.tile_size,
        "overlap": options.overlap,
        "edges": options.edges,
        "min_valid": options.min_valid,
        "resolution": options.resolution,
        "bands": None if options.bands is None else list(options.bands),
        "rescale": options.rescale,
        "footprints_crs": options.footprints_crs,
        "exclude": options.exclude,
        "gap": options.gap,
        "library": options.library,
        "synthesizer": run.synthesizer.as_manifest(),
        "background": options.background,
        "device": run.device.partition(":")[0],
        "precision": run.precision,
        # sums on a CPU are split over its threads, so their last bits depend on how many there are
        "threads": torch.get_num_threads() if run.device == "cpu" else None,
        "shard_samples": plan.spec.shard_samples,
        "split": list(options.split),
        "creation_options": dict(options.creation_options),
        "cog": options.cog,
        "seed": options.seed,
        "changen": __version__,
    }


def describe_result(run: Run, arguments: dict[str, Any], summary: Summary) -> dict[str, Any]:
    """Returns the manifest: arguments, versions, scenes, counts and licences; no time, so that bytes repeat."""
    return {
        "arguments": arguments,
        "versions": {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
        "scenes": [
            {**scene, "split": split, "tiles": len(grid)}
            for scene, split, grid in zip(run.plan.scenes, run.plan.splits, run.plan.grids, strict=True)
        ],
        "unusable_scenes": list(run.plan.unusable),
        "counts": {
            "samples": summary.samples,
            "statuses": dict(sorted(summary.statuses.items())),
            "changes": dict(sorted(summary.changes.items())),
            "shortfalls": dict(sorted(summary.shortfalls.items())),
        },
        "licences": {
            "weights": {key: arguments["synthesizer"].get(key) for key in ("licence", "attribution")},
            "imagery": "not known to changen: the licence of your input holds for what is made of it",
        },
    }
