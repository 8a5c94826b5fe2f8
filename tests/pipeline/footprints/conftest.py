from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
from rasterio.transform import from_origin
from torch import Tensor

from changen_cli.models.segmenter import Segmenter, SegmenterConfig
from changen_cli.pipeline.footprints import read
from changen_cli.weights.card import Card

HOUSES = ((10, 20, 24, 40), (60, 50, 74, 70), (100, 130, 130, 150), (150, 40, 164, 44))
"""Rows and columns, first and end: the third lies across the edge of a window; the last is 56 px, 14 m2 at 0.5 m."""

SPECK = (180, 180, 184, 184)
"""16 px, 4 m2: no building."""


class Bright(Segmenter):
    """Sees building where an image is bright; counts what it is shown."""

    def __init__(self) -> None:
        super().__init__(SegmenterConfig(width=1 / 4))
        self.seen = 0

    def forward(self, image: Tensor) -> Tensor:
        self.seen += 1
        building = image.mean(1) * 20
        return torch.stack([-building, building], 1)


@pytest.fixture
def bright_town(tmp_path: Path) -> Callable[..., Path]:
    """Writes a dark scene of 200 x 220 pixels with bright houses, half a metre a pixel, and no footprints."""

    def write(name: str = "town", *, placed: bool = True) -> Path:
        image = np.full((3, 200, 220), 40, np.uint8)
        for top, left, bottom, right in (*HOUSES, SPECK):
            image[:, top:bottom, left:right] = 220
        path = tmp_path / "in" / f"{name}.tif"
        path.parent.mkdir(exist_ok=True)
        where = {"crs": "EPSG:32636", "transform": from_origin(400_000, 30_000, 0.5, 0.5)} if placed else {}
        with rasterio.open(path, "w", driver="GTiff", height=200, width=220, count=3, dtype="uint8", **where) as file:
            file.write(image)
        return path

    return write


@pytest.fixture
def bright(monkeypatch: pytest.MonkeyPatch) -> Bright:
    """What footprints are read with, in place of the segmenter that ships."""
    network = Bright()
    card = Card("bright", "segmenter", {}, "0" * 64, licence="CC0-1.0", attribution="nobody")
    monkeypatch.setattr(read, "load_network", lambda weights, device, model: (network, card))
    return network
