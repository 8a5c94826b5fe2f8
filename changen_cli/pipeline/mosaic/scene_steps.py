"""One step of a whole scene as windows see it: I_t, S_t, S_t+1, the changes, the looks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np
import shapely
from shapely.geometry import MultiPolygon, Polygon

from changen_cli import rng
from changen_cli.events.base import Change
from changen_cli.models.series_looks import SeriesLooks
from changen_cli.scenes.footprints.geometry import translate
from changen_cli.scenes.layout import Footprint, Layout, rasterize_all
from changen_cli.scenes.layout_index import LayoutIndex
from changen_cli.scenes.window import Window
from changen_cli.synthesis.engine import Job
from changen_cli.synthesis.scene_looks import plan_window
from changen_cli.types import AnyArray, BoolArray, Float32Array, UInt8Array


class Source(Protocol):
    """Where the pixels of a date come from."""

    def __call__(self, window: Window) -> tuple[UInt8Array, BoolArray]:
        """Reads a window within the scene: uint8 [3, H, W] and validity bool [H, W]."""
        ...


@dataclass(frozen=True)
class SceneStep:
    """The step from t to t + 1 of a scene.

    Attributes:
        number: t + 1.
        read: Reads I_t.
        before: S_t.
        after: S_t+1.
        changes: The changes between.
        noise: z, float32 [noise_dim]: one for the scene.
        looks: Looks of the scene; None for a synthesizer without looks.
        key: Seed, scene, tile and variant.
    """

    number: int
    read: Source
    before: LayoutIndex
    after: LayoutIndex
    changes: tuple[Change, ...]
    noise: Float32Array
    looks: SeriesLooks | None
    key: rng.Key

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns of the scene."""
        return self.before.layout.height, self.before.layout.width

    @cached_property
    def bounds(self) -> AnyArray:
        """Bounds of each change, before and after, (min x, min y, max x, max y), float64 [n, 4]."""
        found = [
            shapely.total_bounds([f.polygon for f in (change.before, change.after) if f is not None])
            for change in self.changes
        ]
        return np.array(found).reshape(-1, 4)

    def job(self, window: Window) -> Job[Window]:
        """Gives what the engine needs to make a window of I_t+1 with all changes."""
        left, top, right, bottom = self.bounds.T
        near = (left < window.column + window.width) & (right > window.column)
        near &= (top < window.row + window.height) & (bottom > window.row)
        changes = [self.changes[number] for number in np.flatnonzero(near).tolist()]
        return self._job(window, self.after.cut(window), changes)

    def job_of(self, window: Window, change: Change) -> Job[Window]:
        """Gives what the engine needs to make a window of I_t+1 with one change alone."""
        return self._job(window, self.before.cut(window, [(change.before, change.after)]), [change])

    def _job(self, window: Window, after: Layout, changes: list[Change]) -> Job[Window]:
        image, valid = self.read(window)
        # where there is no image there is no label either
        masks, instances = rasterize_all([self.before.cut(window), after])
        masks, instances = masks * valid, instances * valid
        looks = None
        if self.looks is not None:
            looks = plan_window(self.looks, instances, self.number, (window.row, window.column), self.key)
        moved = tuple(_moved(change, window) for change in changes)
        name = f"window {window.tile_id}"
        return Job(window, image, valid, masks, (moved,), self.noise[None], looks, name=name)


def _moved(change: Change, window: Window) -> Change:
    """Brings a change to the pixel coordinates of a window."""
    return replace(change, before=_placed(change.before, window), after=_placed(change.after, window))


def _placed(footprint: Footprint | None, window: Window) -> Footprint | None:
    if footprint is None:
        return None
    moved: Polygon | MultiPolygon = translate(np.array([footprint.polygon], object), -window.column, -window.row)[0]
    return replace(footprint, polygon=moved)
