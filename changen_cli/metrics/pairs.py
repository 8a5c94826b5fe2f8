"""The pairs (I_t, S_t) -> (I~_t+1, S_t+1) of a series, with what happened to every pixel between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter, minimum_filter

from changen_cli.events.base import Change
from changen_cli.metrics.structure import edge_structure
from changen_cli.scenes.layout import Layout
from changen_cli.store.sample import Sample
from changen_cli.store.series import SeriesDataset
from changen_cli.types import BoolArray, UInt8Array


@dataclass(frozen=True)
class Pair:
    """One step of a series.

    Attributes:
        id: ``<sample>__t<t>_t<t + 1>``.
        scene: Id of the scene.
        step: 1 for the pair (I_0, I_1), whose first image is real.
        before: I_t, uint8 [3, H, W].
        after: I~_t+1, uint8 [3, H, W].
        valid: bool [H, W], where there is image.
        created: bool [H, W]: background in S_t, building in S_t+1.
        removed: bool [H, W]: building in S_t, background in S_t+1.
        kept: bool [H, W]: building in both; None in the LEVIR layout, which does not store S_t.
        ground: bool [H, W]: background in both; in the LEVIR layout wherever nothing changed, kept buildings included.
        changes: What the step changed, outlines in pixel coordinates.
    """

    id: str
    scene: str
    step: int
    before: UInt8Array
    after: UInt8Array
    valid: BoolArray
    created: BoolArray
    removed: BoolArray
    kept: BoolArray | None
    ground: BoolArray
    changes: tuple[Change, ...]

    @property
    def building_before(self) -> BoolArray | None:
        """S_t as bool [H, W], where it is known."""
        return None if self.kept is None else self.kept | self.removed

    @property
    def building_after(self) -> BoolArray | None:
        """S_t+1 as bool [H, W], where it is known."""
        return None if self.kept is None else self.kept | self.created

    @cached_property
    def structures(self) -> tuple[NDArray[np.complex64], NDArray[np.complex64]]:
        """Edge structures of I_t and I~_t+1, complex64 [H, W]; computed once for all metrics."""
        return edge_structure(self.before), edge_structure(self.after)

    def plain_ground(self, margin: int) -> BoolArray:
        """Returns unchanged ground that nothing built, nothing changed and no edge of the data is near to.

        Args:
            margin: Pixels to stay away from them, along rows, columns or diagonals.
        """
        return shrink(self.ground & self.valid, margin)

    def inner(self, margin: int) -> BoolArray:
        """Returns where no missing data is within ``margin`` pixels; the edge of the tile is no edge of the data."""
        around = np.pad(self.valid, margin, mode="edge")
        height, width = self.valid.shape
        return shrink(around, margin)[margin : margin + height, margin : margin + width]


def grow(region: BoolArray, reach: int) -> BoolArray:
    """Returns a region with everything up to ``reach`` pixels from it, along rows, columns or diagonals."""
    grown: BoolArray = maximum_filter(region, 2 * reach + 1, mode="constant", cval=0)
    return grown


def shrink(region: BoolArray, reach: int) -> BoolArray:
    """Returns what of a region is more than ``reach`` pixels from its outside; beyond the image is outside."""
    shrunk: BoolArray = minimum_filter(region, 2 * reach + 1, mode="constant", cval=0)
    return shrunk


def choose(count: int, limit: int | None) -> list[int]:
    """Returns at most ``limit`` of ``count`` numbers, spread evenly, so that a few stand for all.

    Args:
        count: Length of a list.
        limit: Most numbers, or None for all.
    """
    if limit is None or limit >= count:
        return list(range(count))
    return [int((2 * number + 1) * count / (2 * limit)) for number in range(limit)]


def samples_of(data: SeriesDataset, limit: int | None) -> list[list[int]]:
    """Returns, for at most ``limit`` samples spread evenly, the items that hold their consecutive pairs.

    Where an item is a pair, those from I_0 to I_k are left out; else an item is a whole series.
    """
    each = len(data.times)
    wanted = [place for place, times in enumerate(data.times) if times[1] == times[0] + 1]
    return [[number * each + place for place in wanted] for number in choose(len(data) // each, limit)]


def pairs_of(sample: Sample) -> Iterator[Pair]:
    """Yields the consecutive pairs of an item of a series.

    Args:
        sample: As :class:`SeriesDataset` gives it.
    """
    valid = (sample.image != 0).any((0, 1)) if sample.valid is None else sample.valid
    for place, (first, second) in enumerate(zip(sample.times, sample.times[1:], strict=False)):
        if second != first + 1:
            continue
        changes = tuple(change for change in sample.changes if change.step == second)
        changed = sample.change[place] != 0
        kept: BoolArray | None = None
        if sample.mask is None:
            gone, new = (_drawn(changes, valid.shape, after=after) for after in (False, True))
            created, removed, ground = changed & new & ~gone, changed & gone & ~new, ~changed
        else:
            old, now = sample.mask[place] != 0, sample.mask[place + 1] != 0
            created, removed, kept, ground = now & ~old & valid, old & ~now & valid, old & now & valid, ~old & ~now
        name = sample.id if sample.mask is None else f"{sample.id}__t{first}_t{second}"
        yield Pair(
            id=name,
            scene=sample.scene,
            step=second,
            before=sample.image[place],
            after=sample.image[place + 1],
            valid=valid,
            created=created,
            removed=removed,
            kept=kept,
            ground=ground & valid,
            changes=changes,
        )


def _drawn(changes: tuple[Change, ...], shape: tuple[int, ...], *, after: bool) -> BoolArray:
    """Draws the outlines before or after some changes."""
    outlines = (change.after if after else change.before for change in changes)
    layout = Layout(shape[0], shape[1], tuple(outline for outline in outlines if outline is not None))
    mask, _ = layout.rasterize()
    drawn: BoolArray = np.not_equal(mask, 0)
    return drawn
