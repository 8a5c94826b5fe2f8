"""The samples of an output: which are done and asked for, in which order their items lie, what changed in each."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from changen_cli.errors import StoreError
from changen_cli.events.base import Change
from changen_cli.files import open_read
from changen_cli.store.base import Status
from changen_cli.store.formats.base import Times
from changen_cli.store.tables.events import read_change
from changen_cli.store.tables.row_groups import RowReader
from changen_cli.store.tables.samples import SampleRow
from changen_cli.types import Int64Array


class SampleTable:
    """Finds samples and their items in the tables of an output; reads no pixel.

    Attributes:
        table: All samples, done or not, as ``samples.parquet`` has them.
        rows: Places in the table of the samples that are done and asked for, int64 [N].
        times: The times of the items of each sample, where an item is what one index reads.
    """

    def __init__(self, root: Path, times: tuple[Times, ...], split: str | None) -> None:
        """Reads the table of samples.

        Args:
            root: The output folder.
            times: The times of the items of each sample.
            split: Only the samples of one split; None for all.

        Raises:
            StoreError: If the table is missing or damaged, or there is no such split.
        """
        self._root = root
        self.times = times
        self.table: pa.Table = _read_table(root / "samples.parquet")
        wanted = pc.equal(self.table["status"], str(Status.DONE))
        if split is not None:
            known = pc.unique(self.table["split"].drop_null().cast(pa.string())).to_pylist()
            if split not in known:
                raise StoreError(f"{root} has no split {split!r}; it has {', '.join(sorted(known)) or 'none'}")
            wanted = pc.and_(wanted, pc.fill_null(pc.equal(self.table["split"], split), False))
        self.rows: Int64Array = np.flatnonzero(wanted.to_numpy())
        # samples stand in the same order in both tables, so a running sum finds the rows of a sample's changes
        self._first_change = np.concatenate(([0], np.cumsum(self.table["changes"].to_numpy())))
        self.events = RowReader(root / "events.parquet")
        self._chosen: range | None = None  # items of a slice, where an item is not a whole sample

    def part(self, items: slice) -> SampleTable:
        """Takes some items as a table of their own."""
        part = copy.copy(self)
        if len(self.times) == 1:
            part.rows = self.rows[items]
        else:
            numbers = range(self.count(self.times)) if self._chosen is None else self._chosen
            part._chosen = numbers[items]
        return part

    def splits(self) -> Counter[str]:
        """Counts the samples of each split."""
        return Counter(self.table["split"].take(self.rows).to_pylist())

    def count(self, each: tuple[Times, ...]) -> int:
        """Counts the items, where each sample has so many."""
        return len(self._numbers(each))

    def locate(self, item: int, each: tuple[Times, ...]) -> tuple[int, Times]:
        """Finds an item, where each sample has so many.

        Args:
            item: From 0, or from the end if negative.
            each: The times of the items of each sample.

        Returns:
            The row of its sample, and its times.

        Raises:
            IndexError: If there is no such item.
        """
        numbers = self._numbers(each)
        if not -len(numbers) <= item < len(numbers):
            raise IndexError(f"item {item} of {self._root}, which has {len(numbers)}")
        place, inner = divmod(numbers[item], len(each))
        return int(self.rows[place]), each[inner]

    def _numbers(self, each: tuple[Times, ...]) -> Sequence[int]:
        """Lists the items, where each sample has so many: all of them, or those that are in a slice of pairs."""
        if self._chosen is None:
            return range(len(self.rows) * len(each))
        if each == self.times:
            return self._chosen
        places = {times: place for place, times in enumerate(each)}
        items = (divmod(number, len(self.times)) for number in self._chosen)
        return [row * len(each) + places[self.times[k]] for row, k in items if self.times[k] in places]

    def sample(self, row: int) -> SampleRow:
        """Reads a row of the table."""
        sample: SampleRow = self.table.slice(row, 1).to_pylist()[0]
        return sample

    def changes(self, row: int) -> list[Change]:
        """Reads the changes of the sample of a row.

        Raises:
            StoreError: If the table of changes is missing or damaged.
        """
        first, last = int(self._first_change[row]), int(self._first_change[row + 1])
        if first == last:
            return []
        names = ["step", "event", "uid", "category", "pixels_before", "pixels_after"]
        table = self.events.rows(first, last, names)
        return [read_change(record) for record in table.to_pylist()]


def _read_table(path: Path) -> pa.Table:
    """Reads the table of samples, texts that many samples share only once."""
    try:
        with open_read(path) as file:
            return pq.read_table(file, read_dictionary=["scene", "split", "source", "crs", "status"])
    except (OSError, pa.ArrowException) as error:
        raise StoreError(f"cannot read {path}: {error}; run the same changen command again") from error
