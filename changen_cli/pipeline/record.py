"""What a run records of itself: the arguments that decide its bytes, and its results."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import torch

from changen_cli.files import place
from changen_cli.options import as_manifest
from changen_cli.pipeline.fingerprint import fingerprint_files
from changen_cli.pipeline.run import Run
from changen_cli.pipeline.summary import Summary
from changen_cli.store.footprints import read_reading
from changen_cli.store.planned import Planned
from changen_cli.version import __version__

LIBRARIES = ("torch", "rasterio", "shapely", "numpy", "zarr")

REMEDIES = {"threads": "set OMP_NUM_THREADS={} to go on with it"}
"""What to do where an argument is another than that of an earlier run, besides starting again."""


def run_record(run: Run) -> dict[str, Any]:
    """Returns every argument that decides the bytes of the output; a resumed run must have the same ones.

    These are the recorded options, and in place of the others the values that they were resolved to. Batch size,
    workers and the like decide only how fast. The kind of device decides: a GPU sums in another order than a CPU.
    """
    return {
        **as_manifest(run.options),
        "input_files": fingerprint_files(run.plan, run.options),
        "schedule": run.schedule.as_manifest(),
        "synthesizer": run.synthesizer.as_manifest(),
        "device": run.device.partition(":")[0],
        "precision": run.precision,
        "threads": _threads(run),
        "shard_samples": run.plan.spec.shard_samples,
        "drift": run.drift,
        "new_looks": run.new_looks,
        # only where it decides something, so that every other output stays what it was
        **({"repaint": run.repaint} if run.repaint else {}),
        **({} if run.options.mask_values == "auto" else {"mask_values": run.options.mask_values}),
        **({} if run.options.split_by == "scene" else {"split_by": run.options.split_by}),
        **({"suited": list(run.options.suited or ())} if _chose_resolution(run) else {}),
        **({} if run.options.class_attribute is None else {"class_attribute": run.options.class_attribute}),
        **({"class_name": list(run.options.class_name)} if run.options.class_name else {}),
        **({} if run.options.looks is None else {"looks": run.options.looks}),
        **({"conditions": run.conditions.as_manifest()} if run.conditions else {}),
        **({"footprints_read": read_reading(place(run.options.output))} if run.plan.read_files() else {}),
        **({"mosaic": {"overlap": run.options.windows().overlap}} if run.options.mosaic else {}),
        "changen": __version__,
    }


def _chose_resolution(run: Run) -> bool:
    """Tells whether a scene is read at another resolution than its own since that suits the weights."""
    return any("own_resolution" in scene for scene in run.plan.scenes)


def _threads(run: Run) -> int | None:
    """Returns how many threads sums are split over, on which their last bits depend; None where nothing is summed.

    That is so on a GPU, and for a synthesizer that is no network, unless there are conditions, which blur and average.
    """
    sums = not getattr(run.synthesizer, "cpu_bound", False) or bool(run.conditions)
    return torch.get_num_threads() if run.device == "cpu" and sums else None


def plan_record(run: Run) -> Planned:
    """Returns what the run will make, as other workers and whoever finishes it need to know."""
    plan = run.plan
    scenes = [{**scene, "tiles": len(grid)} for scene, grid in zip(plan.described(), plan.grids, strict=True)]
    return Planned(run.options.format, plan.spec, scenes, plan.unusable)


def result_record(plan: Planned, arguments: Mapping[str, Any], summary: Summary) -> dict[str, object]:
    """Returns the manifest: arguments, versions, scenes, counts and licences; no time, so that bytes repeat.

    Args:
        plan: From :func:`plan_record`.
        arguments: From :func:`run_record`.
        summary: What was done, complete.
    """
    synthesizer, read = arguments["synthesizer"], arguments.get("footprints_read")
    return {
        "arguments": arguments,
        "versions": {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
        "scenes": list(plan.scenes),
        "unusable_scenes": list(plan.unusable),
        "counts": {
            "samples": summary.samples,
            "statuses": dict(sorted(summary.statuses.items())),
            "changes": dict(sorted(summary.changes.items())),
            "shortfalls": dict(sorted(summary.shortfalls.items())),
        },
        "licences": {
            "weights": {key: synthesizer.get(key) for key in ("licence", "attribution")},
            **({"footprints": {key: read[key] for key in ("licence", "attribution")}} if read else {}),
            "imagery": "not known to changen: the licence of your input holds for what is made of it",
        },
    }
