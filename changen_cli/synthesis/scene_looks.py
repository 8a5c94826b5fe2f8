"""The looks of a whole scene: read once, window by window, and given to every window that is synthesised."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch

from changen_cli import rng
from changen_cli.events.base import History
from changen_cli.models.look_draws import LookDraws, choose_sources
from changen_cli.models.look_kinds import OWN
from changen_cli.models.looks import GROUND
from changen_cli.models.series_looks import SeriesLooks
from changen_cli.synthesis.base import LookRequest, LooksSynthesizer
from changen_cli.synthesis.look_plan import LookPlan, NewLooks, plan_looks
from changen_cli.synthesis.transfer import Transfer
from changen_cli.types import BoolArray, Float32Array, Int32Array, Int64Array, UInt8Array

Seen = tuple[UInt8Array, BoolArray, Int32Array]
"""A window of I_0: pixels uint8 [3, H, W], validity bool [H, W], uids as drawn int32 [H, W]."""

_SIDE = 16
"""Rows and columns of an image that is not looked at, for a synthesizer that asks for one to draw looks."""


@dataclass(frozen=True, slots=True)
class _Read:
    """What windows show of the looks of I_0.

    Attributes:
        codes: Look of each region from the window that shows most of it; of the ground the mean over all windows,
            float32 [R, D].
        pixels: Pixels that it was read from, int64 [R]; 0 where the region is not seen.
    """

    codes: Float32Array
    pixels: Int64Array


def read_scene_looks(
    synthesizer: LooksSynthesizer,
    transfer: Transfer,
    history: History,
    windows: Iterable[Seen],
    *,
    new: NewLooks,
    drift: float,
    key: rng.Key,
) -> SeriesLooks:
    """Gives every object of a scene its look, and the ground one for each date.

    The rule is that of a tile, where the scene is the tile (:class:`~changen_cli.synthesis.look_chain.LookChain`): what
    stands is read, what is new is drawn or borrows the look of an object of the scene, the ground drifts.

    A synthesizer reads one image at a time. So an object's look is read from the window that shows most of it: exact
    for all that lie whole in a window, as those do that are no longer than the overlap; and the ground's is the mean of
    what the windows give, weighted by their pixels. What windows share counts twice in it, which moves it by less than
    two windows of the same ground differ.

    Args:
        synthesizer: What reads and draws.
        transfer: How arrays reach its device.
        history: The layouts of the scene.
        windows: Windows that cover I_0.
        new: Whose look a new object takes.
        drift: How far the ground's look moves at each step, 0..1.
        key: Seed, scene, tile and variant.

    Returns:
        The looks of the whole series.
    """
    dim, dates = synthesizer.look_dim, len(history.layouts)
    plan = plan_looks(history.standing, np.zeros((dates, 0, 0), np.int32), dim, new, key)
    read = _read(synthesizer, transfer, plan.uids, windows)
    seen = np.flatnonzero(read.pixels)
    regions = torch.from_numpy(seen).view(1, 1, -1)
    kinds, lent = (torch.from_numpy(values).unsqueeze(0) for values in (plan.kinds, plan.lent))
    source = choose_sources(regions, kinds, lent)[0].numpy()
    # who has nobody to take a look from, or nothing to read it of, gets a new one
    source[(source >= 0) & (read.pixels[source] == 0)] = -1
    codes = read.codes[source]
    drawn = np.flatnonzero(source < 0)
    codes[drawn] = _draw(synthesizer, transfer, plan, drawn)
    ground = [codes[GROUND]]
    for step in range(dates - 1):
        ground.append(_drifted(synthesizer, transfer, plan, ground[-1], step, drift))
    return SeriesLooks(plan.uids[1:], codes[1:], np.stack(ground))


def plan_window(
    looks: SeriesLooks, instances: Int32Array, step: int, origin: tuple[int, int], key: rng.Key
) -> LookPlan:
    """Plans one step of a window of a scene, whose looks are known.

    Args:
        looks: Of the scene.
        instances: uids of S_t and S_t+1 as drawn, int32 [2, H, W].
        step: t + 1.
        origin: Row and column of the window's first pixel.
        key: Seed, scene, tile and variant.

    Returns:
        The plan of a chain of one step, with the looks of the regions that the window shows.
    """
    uids = np.unique(np.append(instances, 0)).astype(np.int32)
    given = np.concatenate([looks.ground[step][None], looks.codes[np.searchsorted(looks.uids, uids[1:])]])
    count, dim = given.shape
    return LookPlan(
        uids=uids,
        regions=np.searchsorted(uids, instances).astype(np.int32),
        kinds=np.full(count, OWN, np.int64),
        lent=np.zeros(count, np.float32),
        pick=np.zeros(count, np.float32),
        normal=np.zeros((count, dim), np.float32),
        ground_pick=np.zeros(1, np.float32),
        ground_normal=np.zeros((1, dim), np.float32),
        keys=np.array([int(rng.generator(*key, step, "pixels").integers(2**62))], np.int64),
        given=given,
        origin=origin,
    )


def _read(synthesizer: LooksSynthesizer, transfer: Transfer, uids: Int32Array, windows: Iterable[Seen]) -> _Read:
    """Reads the looks of all regions that any window shows."""
    codes = np.zeros((len(uids), synthesizer.look_dim), np.float32)
    pixels = np.zeros(len(uids), np.int64)
    ground, weight = np.zeros(synthesizer.look_dim), 0
    for image, valid, instances in windows:
        if not valid.any():
            continue
        here, regions = np.unique(np.where(valid, instances, 0), return_inverse=True)
        # the ground has the number 0 also where a window shows none
        offset = 0 if here[0] == 0 else 1
        numbers = np.where(valid, regions.reshape(valid.shape) + offset, -1).astype(np.int32)
        here = here if offset == 0 else np.append(0, here)
        sizes = np.bincount(numbers[valid], minlength=len(here))
        count, dim = len(here), synthesizer.look_dim
        draws = LookDraws(
            source=transfer.upload(np.arange(count, dtype=np.int64)[None]),
            pick=transfer.upload(np.zeros((1, count), np.float32)),
            normal=transfer.upload(np.zeros((1, count, dim), np.float32)),
        )
        request = LookRequest(transfer.upload(image[None]), transfer.upload(numbers[None]), draws)
        found = transfer.download(synthesizer.first_looks(request))()[0]
        ground += found[GROUND].astype(np.float64) * sizes[GROUND]
        weight += int(sizes[GROUND])
        rows = np.searchsorted(uids, here)
        larger = sizes > pixels[rows]
        codes[rows[larger]], pixels[rows[larger]] = found[larger], sizes[larger]
    if weight:
        codes[GROUND] = ground / weight
    return _Read(codes, pixels)


def _draw(synthesizer: LooksSynthesizer, transfer: Transfer, plan: LookPlan, regions: Int64Array) -> Float32Array:
    """Draws new looks of some regions, float32 [N, D]; an image is given and not looked at."""
    if not len(regions):
        return np.zeros((0, synthesizer.look_dim), np.float32)
    # row 0 is drawn as a look of the ground
    rows = regions if regions[0] == GROUND else np.append(GROUND, regions)
    draws = LookDraws(
        source=transfer.upload(np.full((1, len(rows)), -1, np.int64)),
        pick=transfer.upload(plan.pick[rows][None]),
        normal=transfer.upload(plan.normal[rows][None]),
    )
    image = transfer.upload(np.zeros((1, 3, _SIDE, _SIDE), np.uint8))
    nothing = transfer.upload(np.zeros((1, _SIDE, _SIDE), np.int32))
    found: Float32Array = transfer.download(synthesizer.first_looks(LookRequest(image, nothing, draws)))()[0]
    return found[len(rows) - len(regions) :]


def _drifted(
    synthesizer: LooksSynthesizer, transfer: Transfer, plan: LookPlan, ground: Float32Array, step: int, amount: float
) -> Float32Array:
    """Moves the look of the ground by one date, float32 [D]."""
    if not amount:
        return ground
    before, pick, normal = (
        transfer.upload(array[None]) for array in (ground, plan.ground_pick[step], plan.ground_normal[step])
    )
    moved: Float32Array = transfer.download(synthesizer.drift(before, pick, normal, amount))()[0]
    return moved
