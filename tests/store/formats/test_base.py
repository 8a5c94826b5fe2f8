"""What every format inherits, shown by one that keeps its samples in memory."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import pytest

from changen_cli.store.base import Outcome, Series, Status, StoreSpec
from changen_cli.store.formats.base import Arrays, Format, Times
from changen_cli.store.tables.samples import SampleRow


@dataclass
class SeriesInMemory(Format):
    name: ClassVar[str] = "memory"
    kept: dict[str, Series] = field(default_factory=dict)

    def create(self) -> None:
        self.kept.clear()

    def write_shard(self, index: int, outcomes: Sequence[Outcome]) -> None:
        self.kept |= {outcome.id: outcome.series for outcome in outcomes if outcome.series is not None}

    def read(self, sample: SampleRow, times: Times) -> Arrays:
        series = self.kept[sample["sample"]]
        return Arrays(series.images[list(times)], series.changes[list(times[:-1])])

    @classmethod
    def clear(cls, root: Path) -> None:
        raise NotImplementedError


class PairsInMemory(SeriesInMemory):
    items: ClassVar[Literal["series", "pairs"]] = "pairs"


def row(series: Series) -> SampleRow:
    return {
        "index": 0, "sample": series.id, "status": "done", "reason": "", "scene": series.scene, "tile": series.tile,
        "variant": 0, "split": series.split, "source": series.source, "crs": None, "transform": None,
        "height": 24, "width": 40, "changes": 3, "geometry": None,
    }  # fmt: skip


@pytest.mark.parametrize("kind", [SeriesInMemory, PairsInMemory])
def test_pairs_are_read_by_way_of_items(
    tmp_path: Path, make_series: Callable[..., Series], kind: type[SeriesInMemory]
) -> None:
    series = make_series(0)
    store = kind(tmp_path, StoreSpec(1, 2, 24, 40, 1))
    store.write_shard(0, [Outcome(series.id, Status.DONE, series=series)])
    assert store.pairs == ((0, 1), (1, 2))
    for first, second in ((0, 1), (1, 2)):
        before, after, label = store.read_pair(row(series), (first, second))
        np.testing.assert_array_equal(before, series.images[first])
        np.testing.assert_array_equal(after, series.images[second])
        np.testing.assert_array_equal(label, series.changes[first])


def test_what_a_format_need_not_say(tmp_path: Path) -> None:
    store = SeriesInMemory(tmp_path, StoreSpec(1, 1, 8, 8, 1))
    assert (store.items, store.options) == ("series", frozenset())
    store.finish([])
    arrays = Arrays(np.zeros((2, 3, 8, 8), np.uint8), np.zeros((1, 8, 8), np.uint8))
    assert (arrays.mask, arrays.instance, arrays.valid) == (None, None, None)


def test_a_format_without_its_methods_is_none() -> None:
    class Half(Format):
        name = "half"

    assert inspect.isabstract(Half)
    assert Half.__abstractmethods__ == {"create", "write_shard", "read", "clear"}
