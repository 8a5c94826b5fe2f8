"""How good the footprints of ``changen generate --footprints auto`` are, against mapped ones: the card's figures.

    python benchmarks/footprints.py --resolution 0.4 kampala_00.tif zanzibar_01.tif

Each raster has its mapped footprints beside it. Of each, and of all together: the IoU of pixels, before and after
outlines are straightened; and the share of mapped buildings that one outline covers with an IoU of 0.5 or more.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, fields

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from changen_cli.models import segmenter
from changen_cli.pipeline.footprints.segment import read_blocks, segment
from changen_cli.scenes.discover import find_scenes
from changen_cli.scenes.footprints.tangles import Geometries
from changen_cli.scenes.layout import Footprint, Layout
from changen_cli.scenes.options import ReadOptions
from changen_cli.scenes.scene import Scene, open_scene
from changen_cli.types import BoolArray
from changen_cli.weights.load import load_network

MATCH = 0.5
"""Least IoU of a mapped building and the outline that is it."""


@dataclass
class Score:
    """Counts of one scene, or of several."""

    seen: int = 0
    seen_or_true: int = 0
    drawn: int = 0
    drawn_or_true: int = 0
    mapped: int = 0
    read: int = 0
    found: int = 0

    def add(self, other: Score) -> None:
        """Adds the counts of another scene."""
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))

    def __str__(self) -> str:
        """Says them in one line."""
        return (
            f"IoU seen {self.seen / max(self.seen_or_true, 1):.3f}, straightened "
            f"{self.drawn / max(self.drawn_or_true, 1):.3f}; {self.mapped} mapped, {self.read} read, "
            f"{self.found / max(self.mapped, 1):.2f} of the mapped found"
        )


def measure(scene: Scene, network: segmenter.Segmenter) -> Score:
    """Reads a scene that fits in memory, and compares."""
    tile = scene.read_all()
    true = tile.layout.rasterize()[0] > 0
    seen = np.zeros_like(true)
    for block, built in read_blocks(scene, network, "cpu"):
        seen[block.row : block.row + block.height, block.column : block.column + block.width] = built
    outlines = segment(scene, network, "cpu", lambda: None)
    layout = Layout(true.shape[0], true.shape[1], tuple(Footprint(n, one) for n, one in enumerate(outlines, 1)))
    drawn = layout.rasterize()[0] > 0
    mapped = [footprint.polygon for footprint in tile.layout.footprints]
    return Score(
        *_overlap(seen, true, tile.valid),
        *_overlap(drawn, true, tile.valid),
        len(mapped),
        len(outlines),
        sum(_is_found(shapely.make_valid(one), outlines) for one in mapped),
    )


def _overlap(one: BoolArray, other: BoolArray, valid: BoolArray) -> tuple[int, int]:
    return int((one & other & valid).sum()), int(((one | other) & valid).sum())


def _is_found(building: BaseGeometry, outlines: Geometries) -> bool:
    shared = shapely.area(shapely.intersection(building, outlines))
    return bool((shared / (shapely.area(outlines) + building.area - shared) >= MATCH).any())


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenes", nargs="+", help="rasters with footprints beside them")
    parser.add_argument("--resolution", type=float, help="metres of ground a pixel")
    parser.add_argument("--weights", help="of a segmenter; the shipped ones if not given")
    asked = parser.parse_args()
    network, _ = load_network(asked.weights, "cpu", segmenter.MODEL)
    total = Score()
    for source in find_scenes(asked.scenes):
        with open_scene(source, ReadOptions(resolution=asked.resolution)) as scene:
            score = measure(scene, network)
        total.add(score)
        print(f"{source.id}: {score}", flush=True)
    print(f"all: {total}")


if __name__ == "__main__":
    main()
