"""The pairs of a series of changen: every two consecutive dates, in any format."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from rasterio.features import rasterize

from changen_cli.errors import StoreError
from changen_cli.events.base import Change
from changen_cli.files import place
from changen_cli.pairs.base import ChangePair
from changen_cli.scenes.window import Window
from changen_cli.store.series import SeriesDataset, open_series
from changen_cli.types import UInt8Array

MOST_EVENTS = 255
"""Kinds of event that a byte tells apart."""


class SeriesPairs:
    """The pairs (I_t, I_t+1) of an output of ``changen generate``; see :class:`changen_cli.pairs.base.PairSource`.

    Pairs from I_0 to a later date, which the LEVIR layout stores as well, are left out.
    """

    def __init__(self, path: Path | str, split: str | None = None, *, events: bool = True) -> None:
        """Opens a series.

        Args:
            path: The output: a folder, or a URL.
            split: "train", "val" or "test"; None for all.
            events: Whether pairs tell the events apart; reading them takes time that training has no use for.

        Raises:
            StoreError: If it is no complete output of changen, or has no such split.
        """
        self.data: SeriesDataset = open_series(path, split)
        self.name = place(path).name
        self._events = events
        names = self.data.event_names if events else []
        if len(names) > MOST_EVENTS:
            raise StoreError(f"{path}: has {len(names)} kinds of event, and pairs tell at most {MOST_EVENTS} apart")
        self.event_names: tuple[str, ...] = tuple(names)
        self.ids: Sequence[str] = _Ids(self.data)

    def __len__(self) -> int:
        """Returns the number of pairs."""
        return len(self.data.rows) * self.data.steps

    def shape(self, index: int) -> tuple[int, int]:
        """Returns rows and columns, which all pairs have alike."""
        if not 0 <= index < len(self):
            raise IndexError(f"pair {index} of {len(self)}")
        return self.data.size

    def read(self, index: int, window: Window | None = None) -> ChangePair:
        """Reads a pair; see :meth:`changen_cli.pairs.base.PairSource.read`.

        Where the format does not store validity, what is black at both dates is not valid.

        Raises:
            IndexError: If there is no such pair.
            StoreError: If a file is missing or damaged.
        """
        sample = self.data.read_step(index, changes=self._events)
        before, after = sample.image
        change = sample.change[0]
        pair = ChangePair(
            id=sample.id,
            before=before,
            after=after,
            change=(change != 0).astype(np.uint8),
            valid=(sample.image != 0).any((0, 1)) if sample.valid is None else sample.valid,
            layouts=sample.mask,
            events=draw_events(sample.changes, change, self.event_names) if self._events else None,
        )
        return pair if window is None else pair.cut(window)


class _Ids(Sequence[str]):
    """The ids of the pairs, made when they are asked for: a series may have millions."""

    def __init__(self, data: SeriesDataset) -> None:
        self._data = data

    def __len__(self) -> int:
        return len(self._data.rows) * self._data.steps

    def __getitem__(self, index: int) -> str:  # type: ignore[override]  # no slices
        if not 0 <= index < len(self):
            raise IndexError(f"pair {index} of {len(self)}")
        number, step = divmod(index, self._data.steps)
        sample = self._data.table["sample"][int(self._data.rows[number])].as_py()
        return f"{sample}__t{step}_t{step + 1}"


def draw_events(changes: Iterable[Change], change: UInt8Array, names: Sequence[str]) -> UInt8Array:
    """Draws which event changed each pixel.

    Args:
        changes: What happened between the two dates; where outlines overlap, the last one counts.
        change: uint8 [H, W], not 0 where the states differ; nothing is drawn elsewhere.
        names: Of the events.

    Returns:
        uint8 [H, W]: 0, or 1 + index into ``names``.
    """
    numbers = {name: number for number, name in enumerate(names, 1)}
    shapes = [
        (footprint.polygon, numbers[one.event])
        for one in changes
        for footprint in (one.before, one.after)
        if footprint is not None and not footprint.polygon.is_empty
    ]
    if not shapes:
        return np.zeros(change.shape, np.uint8)
    drawn: UInt8Array = rasterize(shapes, out_shape=change.shape, fill=0, dtype="uint8")
    return np.where(change != 0, drawn, np.uint8(0))
