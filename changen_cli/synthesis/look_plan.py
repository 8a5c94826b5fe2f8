"""Where the looks of a series come from, planned on the host before anything is synthesised.

Worker processes import this; it must not import torch.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Literal

import numpy as np

from changen_cli import rng
from changen_cli.models.look_kinds import BORROWED, DRAWN, OWN
from changen_cli.models.series_looks import SeriesLooks
from changen_cli.types import BoolArray, Float32Array, Int32Array, Int64Array

NewLooks = Literal["drawn", "borrowed", "mixed"]
"""Whose look a new object takes: one drawn from what the weights have seen, another object's of the tile, or either."""

NEW_LOOKS: NewLooks = "mixed"
"""Whose it takes where nothing is said."""

DRIFT = 0.5
"""How far the look of the ground moves at each step where nothing is said and it may move."""


REPAINT = 0.0
"""Share of the objects that stay and have another look one step later, where nothing is said."""


LOOKS_WEIGHTS = "compact"
"""Weights with looks that come with changen."""


def choose_weights(wanted: str | None, synthesizer: str, *, looks: bool) -> str | None:
    """Chooses the weights of a synthesizer.

    The pairs of weights without looks train better detectors (``benchmarks/transfer.md``), so those are the default of
    the change generator; what only looks can do is left to weights that have them.

    Args:
        wanted: What was asked for; None for what fits.
        synthesizer: Name of the plugin.
        looks: Whether something is asked for that only weights with looks can do.

    Returns:
        A name or path; None for the plugin's default.
    """
    if wanted is None and looks and synthesizer == "changen":
        return LOOKS_WEIGHTS
    return wanted


def choose_drift(wanted: float | None, background: str, look_dim: int) -> float:
    """Chooses how far the look of the ground moves at each step.

    Args:
        wanted: What was asked for, 0..1; None for :data:`DRIFT`.
        background: "synthesize" or "keep".
        look_dim: Length of a look of the synthesizer; 0 if it has none.

    Returns:
        0 where there is no look of the ground, or the ground is kept.
    """
    if not look_dim or background == "keep":
        return 0.0
    return DRIFT if wanted is None else wanted


def choose_repaint(wanted: float | None, background: str, look_dim: int) -> float:
    """Chooses which share of the objects that stay has another look one step later.

    Args:
        wanted: What was asked for, 0..1; None for :data:`REPAINT`.
        background: "synthesize" or "keep".
        look_dim: Length of a look of the synthesizer; 0 if it has none.

    Returns:
        0 where there are no looks, or what stays is kept to the last pixel.
    """
    if not look_dim or background == "keep":
        return 0.0
    return REPAINT if wanted is None else wanted


@dataclass(frozen=True, slots=True)
class Repaints:
    """Which objects have another look at a date than before, and how it is drawn.

    Attributes:
        where: bool [R, n]; an object that comes or goes at a step is not repainted then.
        pick: Chooses what the new look resembles, float32 [R, n] in 0..1.
        normal: Draws it, float32 [R, n, D].
    """

    where: BoolArray
    pick: Float32Array
    normal: Float32Array


@dataclass(frozen=True, slots=True)
class LookPlan:
    """Where the looks of one series come from. Region 0 is the ground; an object keeps its region, and so its look.

    As long as it stands, that is, and unless it is repainted.

    Attributes:
        uids: uid of each region, int32 [R], ascending; 0 for the ground.
        regions: Region of every pixel of S_0 ... S_n, int32 [n + 1, H, W].
        kinds: :mod:`~changen_cli.models.look_kinds`: whose look a region takes, int64 [R].
        lent: Chooses whose is borrowed, float32 [R] in 0..1.
        pick: Chooses what a drawn look resembles, float32 [R] in 0..1.
        normal: Draws it, float32 [R, D].
        ground_pick: The same for the look that the ground drifts to at each step, float32 [n].
        ground_normal: float32 [n, D].
        keys: Keys of the noise of pixels at each step, int64 [n], not negative.
        given: Looks that are known already and neither read nor drawn, float32 [R, D], NaN where not; None for none.
        origin: Row and column of the first pixel in the scene that this is a window of; None for a tile of its own,
            whose pixels have a noise of their own.
        repaints: Objects that have another look at a later date; None for none.
    """

    uids: Int32Array
    regions: Int32Array
    kinds: Int64Array
    lent: Float32Array
    pick: Float32Array
    normal: Float32Array
    ground_pick: Float32Array
    ground_normal: Float32Array
    keys: Int64Array
    given: Float32Array | None = None
    origin: tuple[int, int] | None = None
    repaints: Repaints | None = None


def plan_looks(
    standing: Sequence[Set[int]],
    instances: Int32Array,
    dim: int,
    new: NewLooks,
    key: rng.Key,
    earlier: SeriesLooks | None = None,
    repaint: float = 0.0,
) -> LookPlan:
    """Plans the looks of a series.

    Every draw is keyed by what it is for: those of an object by its uid alone, so that an object has one look, at
    every date, or by its uid and the step at which it is repainted.

    Args:
        standing: The uids that stand at each date, n + 1 sets; drawn or not.
        instances: uids as drawn, int32 [n + 1, H, W].
        dim: Length of a look, D.
        new: Whose look a new object takes.
        key: Seed, scene, tile and variant.
        earlier: Looks of an earlier series of the tile, of length D, which its objects and the ground of I_0 take.
        repaint: Share of the objects that stay and have another look one step later, 0..1.

    Returns:
        The plan.
    """
    known = {0, *standing[0]}
    uids = np.array(sorted({0}.union(*standing)), np.int32)
    kinds = np.empty(len(uids), np.int64)
    lent, pick = np.empty((2, len(uids)), np.float32)
    normal = np.empty((len(uids), dim), np.float32)
    for region, uid in enumerate(map(int, uids)):
        draw = rng.generator(*key, uid, "look")
        lent[region], coin = draw.random(2)
        pick[region] = draw.random(dtype=np.float32)
        normal[region] = draw.standard_normal(dim, np.float32)
        if uid in known:
            kinds[region] = OWN
        else:
            kinds[region] = BORROWED if new == "borrowed" or (new == "mixed" and coin < 0.5) else DRAWN
    steps = len(standing) - 1
    ground = [rng.generator(*key, step, "ground look") for step in range(1, steps + 1)]
    return LookPlan(
        uids=uids,
        regions=np.searchsorted(uids, instances).astype(np.int32),
        kinds=kinds,
        lent=lent,
        pick=pick,
        normal=normal,
        ground_pick=np.array([draw.random(dtype=np.float32) for draw in ground], np.float32),
        ground_normal=np.stack([draw.standard_normal(dim, np.float32) for draw in ground]),
        keys=np.array([int(rng.generator(*key, s, "pixels").integers(2**62)) for s in range(1, steps + 1)], np.int64),
        given=None if earlier is None else _given(uids, dim, earlier),
        repaints=_repaints(standing, uids, dim, repaint, key) if repaint else None,
    )


def _repaints(standing: Sequence[Set[int]], uids: Int32Array, dim: int, share: float, key: rng.Key) -> Repaints:
    """Draws which objects are repainted at which step."""
    steps = len(standing) - 1
    where = np.zeros((len(uids), steps), np.bool_)
    pick = np.zeros((len(uids), steps), np.float32)
    normal = np.zeros((len(uids), steps, dim), np.float32)
    for region, uid in enumerate(map(int, uids)):
        for step in range(steps):
            if uid in standing[step] and uid in standing[step + 1]:
                draw = rng.generator(*key, uid, step + 1, "repaint")
                where[region, step] = draw.random() < share
                pick[region, step] = draw.random(dtype=np.float32)
                normal[region, step] = draw.standard_normal(dim, np.float32)
    return Repaints(where, pick, normal)


def _given(uids: Int32Array, dim: int, earlier: SeriesLooks) -> Float32Array:
    """Lays out the looks of an earlier series by region, float32 [R, D]; NaN for a region that is not in it."""
    known = dict(zip(earlier.uids.tolist(), earlier.codes, strict=True)) | {0: earlier.ground[0]}
    given = np.full((len(uids), dim), np.nan, np.float32)
    for region, uid in enumerate(uids.tolist()):
        if uid in known:
            given[region] = known[uid]
    return given
