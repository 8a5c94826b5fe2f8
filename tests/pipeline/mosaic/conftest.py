from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from changen_cli.options import build
from changen_cli.pipeline.options import GenerateOptions


@pytest.fixture
def mosaic(town: Callable[..., Path], tmp_path: Path) -> Callable[..., GenerateOptions]:
    """Options of a mosaic of a town of 200 x 300 pixels in windows of 96, two steps of four to eight changes."""

    def make(size: tuple[int, int] = (200, 300), labels: str = ".gpkg", **changes: Any) -> GenerateOptions:
        folder = tmp_path / f"in{labels}"
        if not (folder / "town.tif").exists():
            town(folder, size=size, labels=labels)
        values: dict[str, Any] = {
            "inputs": (str(folder / "town.tif"),),
            "output": str(tmp_path / "out"),
            "mosaic": True,
            "tile_size": 96,
            "overlap": 32,
            "steps": 2,
            "changes_per_step": (4, 8),
            "synthesizer": "copy",
        }
        return build(GenerateOptions, values | changes, "options")

    return make
