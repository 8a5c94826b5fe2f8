from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from changen_cli.pipeline.generate import generate
from changen_cli.pipeline.options import GenerateOptions


def test_the_manifest_says_what_was_done(options: Callable[..., GenerateOptions], tmp_path: Path) -> None:
    summary = generate(options(steps=2, seed=4, events="create=3,remove"))
    said = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert said["arguments"]["seed"] == 4
    assert said["arguments"]["synthesizer"] == {"name": "copy"}
    assert [(e["name"], e["weight"]) for e in said["arguments"]["schedule"]["events"]] == [("create", 3), ("remove", 1)]
    assert said["counts"] == {
        "samples": 6,
        "statuses": {"done": 6},
        "changes": dict(summary.changes),
        "shortfalls": dict(summary.shortfalls),
    }
    (scene,) = said["scenes"]
    assert (scene["id"], scene["split"], scene["tiles"], scene["crs"]) == ("town", "train", 6, "EPSG:32636")
    assert set(said["versions"]) == {"python", "torch", "rasterio", "shapely", "numpy", "zarr"}
    assert "licence of your input" in said["licences"]["imagery"]


def test_arguments_are_those_that_decide_the_bytes(options: Callable[..., GenerateOptions], tmp_path: Path) -> None:
    generate(options(split=(1, 0, 0), overlap=10))
    arguments = json.loads((tmp_path / "out" / "manifest.json").read_text())["arguments"]
    assert set(arguments) == {
        "background", "bands", "changen", "cog", "creation_options", "device", "drift", "edges", "exclude",
        "footprints", "footprints_crs", "format", "gap", "input_files", "inputs", "library", "masks", "min_valid",
        "new_looks", "overlap", "precision", "rescale", "resolution", "schedule", "seed", "shard_samples", "split",
        "steps", "synthesizer", "threads", "tile_size", "unchanged", "variants",
    }  # fmt: skip
    assert (arguments["split"], arguments["overlap"]) == ([1, 0, 0], 10)
