"""Training samples: random crops of single-date scenes, (I_t, S_t), and S_t+1 from the events (Algorithm 1, lines 2-3).

Sample k of a run is a function of (seed, k) alone, so workers, prefetching and resuming cannot change it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
import torch
from numpy.typing import NDArray

from changen_cli import rng
from changen_cli.errors import TrainingError
from changen_cli.events.base import Event, Site
from changen_cli.events.create import Create
from changen_cli.events.remove import Remove
from changen_cli.scenes.layout import Footprint, Layout
from changen_cli.training.config.options import TrainConfig
from changen_cli.training.data.scenes import Drawable, Outline, TrainingScene, load_scenes
from changen_cli.types import UInt8Array

__all__ = ["CropSampler", "Sample", "TrainingScene", "load_scenes", "scene_shares"]

TRIES = 30
"""Windows looked at for one with enough building before the best of them is taken."""

REDRAWS = 20
"""Streamed scenes drawn for one with a footprint before one without is taken."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One crop with a simulated next state.

    Attributes:
        image: I_t, uint8 [3, crop, crop].
        before: S_t, uint8 [crop, crop].
        after: S_t+1, uint8 [crop, crop].
    """

    image: UInt8Array
    before: UInt8Array
    after: UInt8Array


def scene_shares(scenes: Sequence[Drawable]) -> NDArray[np.float64]:
    """Says how often each scene is drawn: by its source's share, and within the source by pixels.

    Only valid pixels count of a scene in memory, all of a streamed one.
    """
    shares = np.array([s.pixels for s in scenes], float)
    for source in {s.source for s in scenes}:
        members = [s.source == source for s in scenes]
        if source.share:
            shares[members] *= source.share / shares[members].sum()
    result: NDArray[np.float64] = shares / shares.sum()
    return result


class CropSampler:
    """Draws crops: scale jitter, flips, right-angle turns and transposes (section 4.1), then a change event."""

    def __init__(self, scenes: Sequence[Drawable], config: TrainConfig, stream: str) -> None:
        """Makes a sampler.

        Args:
            scenes: Where crops come from, drawn as :func:`scene_shares` says.
            config: Crop size, jitter and how much changes.
            stream: "train" or "val"; other streams draw other crops.

        Raises:
            TrainingError: If a scene in memory has a class that the networks of the recipe do not know.
        """
        self.scenes, self.config, self.stream = scenes, config, stream
        for scene in scenes:
            if isinstance(scene, TrainingScene):
                _require_class(scene, config.classes)
        self.shares = scene_shares(scenes)
        self.events: tuple[Event, ...] = (Remove(), Create())

    def __getitem__(self, index: int) -> Sample:
        """Draws sample number ``index`` of the stream.

        Raises:
            TrainingError: If a streamed scene cannot be read, has an unknown class, or no valid pixel is found.
        """
        draw = rng.generator(self.config.seed, self.stream, index, "crop")
        scene = self._scene(draw)
        row, column, side = self._window(scene, draw)
        image, layout, factor = self._cut(scene, row, column, side)
        turn = int(draw.integers(8))
        image, layout = _dihedral(image, layout, turn)
        outlines = [shapely.transform(s, lambda xy: xy * factor) for s in scene.outlines]
        after = self._simulate(layout, outlines, rng.generator(self.config.seed, self.stream, index, "events"))
        return Sample(image, layout.rasterize()[0], after.rasterize()[0])

    def _scene(self, draw: np.random.Generator) -> TrainingScene:
        """Draws a scene; a streamed one without a footprint is drawn again, a bounded number of times."""
        empty: TrainingScene | None = None
        for _ in range(REDRAWS):
            found = self.scenes[int(draw.choice(len(self.scenes), p=self.shares))]
            scene = found.load()
            if found is scene:  # held in memory, where all have footprints
                return scene
            _require_class(scene, self.config.classes)
            if scene.footprints:
                return scene
            if empty is None and scene.valid.any():
                empty = scene
        if empty is None:
            raise TrainingError(
                f"{REDRAWS} scenes in a row, the last {scene.id}, have no valid pixel; leave such scenes out"
            )
        return empty

    def _window(self, scene: TrainingScene, draw: np.random.Generator) -> tuple[int, int, int]:
        """Finds a window that is valid and has enough building; the best of a bounded number of tries."""
        height, width = scene.mask.shape
        best, best_score = (0, 0, min(height, width)), -1.0
        for _ in range(TRIES):
            low, high = scene.source.scale or self.config.scale
            factor = float(np.exp(draw.uniform(np.log(low), np.log(high))))
            side = min(round(self.config.crop / factor), height, width)
            row = int(draw.integers(height - side + 1))
            column = int(draw.integers(width - side + 1))
            window = np.s_[row : row + side, column : column + side]
            building = float((scene.mask[window] > 0).mean())
            score = float(scene.valid[window].mean()) + min(building, self.config.min_building)
            if score > best_score:
                best, best_score = (row, column, side), score
            if best_score >= 0.99 + self.config.min_building:
                break
        return best

    def _cut(self, scene: TrainingScene, row: int, column: int, side: int) -> tuple[UInt8Array, Layout, float]:
        """Cuts a square window and brings pixels and polygons to the crop size."""
        crop = self.config.crop
        factor = crop / side
        pixels = torch.from_numpy(scene.image[:, row : row + side, column : column + side].copy())
        if side != crop:
            pixels = (
                torch.nn.functional.interpolate(
                    pixels[None].float(), size=(crop, crop), mode="bilinear", antialias=True, align_corners=False
                )[0]
                .round_()
                .clamp_(0, 255)
                .to(torch.uint8)
            )
        box = shapely.box(column, row, column + side, row + side)
        hits = np.sort(scene.index.query(box, predicate="intersects"))
        parts = shapely.clip_by_rect(scene.polygons[hits], column, row, column + side, row + side)
        parts = shapely.transform(parts, lambda xy: (xy - (column, row)) * factor)
        areas = shapely.area(parts)
        footprints = tuple(
            Footprint(n + 1, part, scene.footprints[hit].category)
            for n, (hit, part, area) in enumerate(zip(hits, parts, areas, strict=True))
            if area >= 4 and part.geom_type in ("Polygon", "MultiPolygon")
        )
        return pixels.numpy(), Layout(crop, crop, footprints), factor

    def _simulate(self, layout: Layout, outlines: Sequence[Outline], draw: np.random.Generator) -> Layout:
        """Removes up to a share of the objects and creates a few: F of equation (2), as strong as training wants it."""
        count = len(layout.footprints)
        remove = int(draw.integers(int(np.ceil(count * self.config.remove)) + 1)) if count else 0
        create = int(draw.integers(self.config.create + 1))
        if remove + create == 0:
            create = min(1, self.config.create)
        canvas = shapely.box(0, 0, layout.width, layout.height)
        site = Site(allowed=canvas, outlines=tuple(outlines), occupied=layout.footprints)
        current = layout
        for event, wanted in zip(self.events, (remove, create), strict=True):
            if wanted:
                changes = event.propose(current, site, draw, wanted).changes
                current = current.without({c.before.uid for c in changes if c.before is not None})
                current = current.add(c.after for c in changes if c.after is not None)
        return current


def _dihedral(image: UInt8Array, layout: Layout, turn: int) -> tuple[UInt8Array, Layout]:
    """Applies one of the eight flips and right-angle turns of a square to pixels and polygons alike."""
    size = layout.width
    if turn & 1:
        image = image[:, :, ::-1]
    if turn & 2:
        image = image[:, ::-1, :]
    if turn & 4:
        image = image.transpose(0, 2, 1)

    def move(xy: np.ndarray) -> np.ndarray:
        x = size - xy[:, 0] if turn & 1 else xy[:, 0]
        y = size - xy[:, 1] if turn & 2 else xy[:, 1]
        return np.stack([y, x] if turn & 4 else [x, y], 1)

    moved = tuple(replace(f, polygon=shapely.transform(f.polygon, move)) for f in layout.footprints)
    return np.ascontiguousarray(image), replace(layout, footprints=moved)


def _require_class(scene: TrainingScene, classes: int) -> None:
    largest = scene.largest_class
    if largest >= classes:
        raise TrainingError(
            f"scene {scene.id}: has footprints of class {largest}, but the recipe's generator and discriminator know "
            f"classes 0 to {classes - 1}; set 'classes' of both to {largest + 1}"
        )
