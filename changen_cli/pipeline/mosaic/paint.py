"""I_t+1 of a whole scene, block by block: blended from windows that overlap, or I_t with each change put in alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby

import numpy as np

from changen_cli.errors import TileError
from changen_cli.pipeline.mosaic.scene_steps import SceneStep
from changen_cli.pipeline.mosaic.strips import overlap_of
from changen_cli.scenes.blending import ALIGNMENT, Windows, blend
from changen_cli.scenes.window import Window
from changen_cli.synthesis.engine import Engine, Job
from changen_cli.types import BoolArray, Float32Array, UInt8Array

MARGIN = 32
"""Least pixels around a change that a window of it shows."""

LARGEST = 4096
"""Rows and columns of a window that is enlarged until a synthesizer finds in it what it needs."""

PATCHES_KEPT = 64

Block = tuple[Window, UInt8Array]
"""Where it is, and red, green, blue and validity (0 or 255), uint8 [4, H, W]."""


def paint(engine: Engine, step: SceneStep, windows: Windows, first: int) -> Iterator[Block]:
    """Makes I_t+1.

    Args:
        engine: What synthesises; without drift and conditions, which are the scene's.
        step: The step.
        windows: How the scene is cut; size and stride are multiples of
            :data:`~changen_cli.scenes.blending.ALIGNMENT`.
        first: The row of windows whose blocks come first.

    Yields:
        The blocks of the scene from there on, row by row.

    Raises:
        TileError: If the synthesizer cannot make some part of it, or the source is damaged.
        PluginError: If the synthesizer returns something else than it must.
    """
    if getattr(engine.synthesizer, "local", False):
        return _patched(engine, step, windows, first)
    return _blended(engine, step, windows, first)


def _blended(engine: Engine, step: SceneStep, windows: Windows, first: int) -> Iterator[Block]:
    height, width = step.size

    def make_row(row: list[Window]) -> Iterator[tuple[Float32Array, BoolArray]]:
        return _row(engine, step, row, windows.size)

    for block, values, valid in blend(make_row, height, width, windows, first):
        known = valid[: block.height, : block.width]
        yield block, _with_validity(np.clip(np.rint(values), 0, 255).astype(np.uint8), known)


def _row(engine: Engine, step: SceneStep, row: list[Window], size: int) -> Iterator[tuple[Float32Array, BoolArray]]:
    """Makes the windows of a row; those without a valid pixel are not shown to the synthesizer."""
    waiting: deque[tuple[Window, Window, BoolArray]] = deque()

    def jobs() -> Iterator[Job[Window]]:
        for window in row:
            seen = shown_for(window, size, *step.size)
            job = step.job(seen)
            part = overlap_of(seen, window)[0]
            waiting.append((window, seen, job.valid[part]))
            if job.valid.any():
                yield job

    def empty(until: Window | None) -> Iterator[tuple[Float32Array, BoolArray]]:
        while waiting and waiting[0][1] != until:
            valid = waiting.popleft()[2]
            yield np.zeros((3, *valid.shape), np.float32), valid

    # the engine takes jobs of one size at a time; only at the edges of the scene there are others
    for _, group in groupby(jobs(), key=lambda job: job.valid.shape):
        for seen, frames in engine.run(group):
            if isinstance(frames, TileError):
                raise frames
            yield from empty(seen)
            window, _, valid = waiting.popleft()
            rows, columns = overlap_of(seen, window)[0]
            yield frames.images[1][:, rows, columns].astype(np.float32), valid
    yield from empty(None)


def shown_for(window: Window, size: int, height: int, width: int) -> Window:
    """Returns what is shown to a synthesizer for a window: one that the edge of the scene cuts is grown inwards.

    Generators normalise over what they see, and a narrow remainder may be all roof. What is seen again of the windows
    before is not used.
    """
    top, left = (
        max(0, -(-(end - size) // ALIGNMENT) * ALIGNMENT) if end == length else start
        for start, end, length in (
            (window.row, window.row + window.height, height),
            (window.column, window.column + window.width, width),
        )
    )
    top, left = min(top, window.row), min(left, window.column)
    return Window(top, left, window.row + window.height - top, window.column + window.width - left)


def _patched(engine: Engine, step: SceneStep, windows: Windows, first: int) -> Iterator[Block]:
    height, width = step.size
    places = [_around(bounds.tolist(), windows.size, height, width) for bounds in step.bounds]
    top, left = (np.array([getattr(place, name) for place in places]) for name in ("row", "column"))
    bottom, right = (np.array([p.row + p.height for p in places]), np.array([p.column + p.width for p in places]))

    @lru_cache(maxsize=PATCHES_KEPT)
    def patch(number: int) -> tuple[UInt8Array, BoolArray]:
        return _patch(engine, step, number, places[number])

    for row in range(first, windows.count(height)):
        for window in windows.row(row, height, width):
            block = windows.block(window, height, width)
            image, valid = step.read(block)
            near = (top < block.row + block.height) & (bottom > block.row)
            near &= (left < block.column + block.width) & (right > block.column)
            for number in np.flatnonzero(near).tolist():
                made, differs = patch(number)
                to, of = overlap_of(block, places[number])
                part = image[:, to[0], to[1]]
                image[:, to[0], to[1]] = np.where(differs[of], made[:, of[0], of[1]], part)
            yield block, _with_validity(image, valid)


def _patch(engine: Engine, step: SceneStep, number: int, place: Window) -> tuple[UInt8Array, BoolArray]:
    """Makes one change: I_t+1 of a window around it, uint8 [3, H, W], and where it differs from I_t, bool [H, W].

    Where the synthesizer finds not what it needs (copy-paste: an object of the class), it is shown more of the scene.
    """
    size = max(place.height, place.width)
    height, width = step.size
    while True:
        seen = _around(_bounds(place), size, height, width)
        job = step.job_of(seen, step.changes[number])
        ((_, frames),) = engine.run([job])
        rows, columns = overlap_of(seen, place)[0]
        if not isinstance(frames, TileError):
            made = frames.images[1][:, rows, columns]
            return made, (made != job.image[:, rows, columns]).any(axis=0)
        if size >= LARGEST or (seen.height, seen.width) == (height, width):
            raise frames
        size *= 2


def _around(bounds: list[float], size: int, height: int, width: int) -> Window:
    """Returns a window around bounds (min x, min y, max x, max y), at least ``size`` on a side, within the scene."""
    sides = []
    for low, high, length in ((bounds[1], bounds[3], height), (bounds[0], bounds[2], width)):
        side = min(length, max(size, int(high - low) + 2 * MARGIN))
        start = int((low + high) / 2 - side / 2)
        sides.append((min(max(start, 0), length - side), side))
    (top, rows), (left, columns) = sides
    return Window(top, left, rows, columns)


def _bounds(window: Window) -> list[float]:
    # as narrow as can be, or the margin would be added to what has one
    y, x = window.row + window.height / 2, window.column + window.width / 2
    return [x, y, x, y]


def _with_validity(image: UInt8Array, valid: BoolArray) -> UInt8Array:
    known = valid.astype(np.uint8)
    return np.concatenate([image * known, known[None] * np.uint8(255)])
