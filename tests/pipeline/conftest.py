from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from changen_cli.options import build
from changen_cli.pipeline.options import GenerateOptions


@pytest.fixture
def options(town: Callable[..., Path], tmp_path: Path) -> Callable[..., GenerateOptions]:
    """Options of a run without a generator: 6 tiles of 100 pixels, one step, 2 samples a shard."""

    def make(**changes: object) -> GenerateOptions:
        scene = tmp_path / "in" / "town.tif"
        if not scene.exists():
            town(tmp_path / "in", size=(200, 300))
        values: dict[str, object] = {
            "inputs": (str(scene),),
            "output": str(tmp_path / "out"),
            "tile_size": 100,
            "synthesizer": "copy",
            "shard_samples": 2,
        }
        return build(GenerateOptions, values | changes, "options")

    return make
