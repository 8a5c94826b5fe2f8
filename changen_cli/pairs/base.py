"""A pair of images of one place with its change label, and what gives such pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from changen_cli.scenes.window import Window
from changen_cli.types import BoolArray, UInt8Array


@dataclass(frozen=True, slots=True)
class ChangePair:
    """Two images of a place, and what changed between them.

    Attributes:
        id: Unique in its source.
        before: I_t, uint8 [3, H, W].
        after: I_t+1, uint8 [3, H, W].
        change: uint8 [H, W], 1 where it changed, else 0.
        valid: bool [H, W], where there is image in both.
        layouts: S_t and S_t+1, uint8 [2, H, W], class of each pixel, 0 background; None where they are not known.
        events: What happened, uint8 [H, W]: 0 nothing, else 1 + index into :attr:`PairSource.event_names`; None where
            it is not known.
    """

    id: str
    before: UInt8Array
    after: UInt8Array
    change: UInt8Array
    valid: BoolArray
    layouts: UInt8Array | None = None
    events: UInt8Array | None = None

    def cut(self, window: Window) -> ChangePair:
        """Returns a part of this pair.

        Args:
            window: Lies within the pair.
        """
        rows = slice(window.row, window.row + window.height)
        columns = slice(window.column, window.column + window.width)
        return ChangePair(
            id=self.id,
            before=self.before[:, rows, columns],
            after=self.after[:, rows, columns],
            change=self.change[rows, columns],
            valid=self.valid[rows, columns],
            layouts=None if self.layouts is None else self.layouts[:, rows, columns],
            events=None if self.events is None else self.events[rows, columns],
        )


class PairSource(Protocol):
    """The pairs of one data set, by number.

    Cheap to open, and picklable: it opens its files when it reads them, so that worker processes can have it.

    Attributes:
        name: Of the data set.
        event_names: Names of the kinds of change that :attr:`ChangePair.events` tells apart; empty where it does not.
        ids: Of the pairs, in order.
    """

    name: str
    event_names: tuple[str, ...]
    ids: Sequence[str]

    def __len__(self) -> int:
        """Returns the number of pairs."""
        ...

    def shape(self, index: int) -> tuple[int, int]:
        """Returns rows and columns of a pair, without reading its pixels.

        Raises:
            IndexError: If there is no such pair.
            ChangenError: If its files cannot be opened.
        """
        ...

    def read(self, index: int, window: Window | None = None) -> ChangePair:
        """Reads a pair.

        Args:
            index: 0 .. len - 1.
            window: A part that lies within the pair; None for all of it.

        Raises:
            IndexError: If there is no such pair.
            ChangenError: If its files are missing or damaged, or do not fit each other.
        """
        ...
