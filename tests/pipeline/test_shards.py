"""Driven by workers that do nothing until they must, so that what is in memory at any time can be counted."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import numpy as np
import pytest

from changen_cli.errors import StoreError
from changen_cli.events.base import History
from changen_cli.pipeline.prepare import Prepared
from changen_cli.pipeline.shards import prepare_ahead, synthesize_shards
from changen_cli.scenes.layout import Layout
from changen_cli.store.base import Outcome, Series, Status, StoreSpec
from changen_cli.store.formats.base import Format
from changen_cli.store.formats.registry import make_format
from changen_cli.store.records import ShardSummary
from changen_cli.synthesis.base import SynthesizerSettings
from changen_cli.synthesis.copy import CopySynthesizer
from changen_cli.synthesis.engine import Engine
from changen_cli.synthesis.transfer import HostTransfer

SHARD = 3

T = TypeVar("T")


def prepared(shard: int, done: int = SHARD) -> list[Prepared]:
    items = []
    for place in range(SHARD):
        id_ = f"{shard}-{place}"
        if place >= done:
            items.append(Prepared(Outcome(id_, Status.SKIPPED, "no room")))
            continue
        image = np.full((1, 3, 16, 16), shard, np.uint8)
        masks = np.zeros((2, 16, 16), np.uint8)
        layouts = (Layout(16, 16), Layout(16, 16))
        series = Series(
            id_, "s", str(place), 0, "train", image, masks, masks.astype(np.int32), np.ones((16, 16), bool),
            History(layouts, ((),)), None, None, "s.tif",
        )  # fmt: skip
        items.append(Prepared(Outcome(id_, Status.DONE, series=series), np.zeros((1, 0), np.float32)))
    return items


class Lazy(Future[T]):
    """Done when its result is asked for, and not before: the slowest worker there is."""

    def __init__(self, make: Callable[[], T]) -> None:
        super().__init__()
        self.make = make

    def done(self) -> bool:
        return False

    def result(self, timeout: float | None = None) -> T:
        del timeout
        return self.make()


class Counting:
    """Counts the shards that are held between their being prepared and written."""

    def __init__(self, ahead: int, empty: tuple[int, ...] = (), full_at: int | None = None) -> None:
        self.ahead, self.empty, self.full_at = ahead, empty, full_at
        self.held: set[int] = set()
        self.most = 0
        self.prepared: list[int] = []
        self.committed: dict[int, list[Outcome]] = {}

    def prepare(self, shard: int) -> Future[list[Prepared]]:
        self.prepared.append(shard)
        self.held.add(shard)
        self.most = max(self.most, len(self.held))
        return Lazy(lambda: prepared(shard, 0 if shard in self.empty else SHARD))

    def commit(self, writer: Format, shard: int, outcomes: list[Outcome]) -> Future[ShardSummary]:
        def write() -> ShardSummary:
            if shard == self.full_at:
                raise StoreError("the disk is full")
            self.held.discard(shard)
            self.committed[shard] = outcomes
            done = sum(outcome.status is Status.DONE for outcome in outcomes)
            return ShardSummary(shard, {"done": done} if done else {"skipped": SHARD}, {}, {}, ())

        return Lazy(write)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del kind, error, trace


@pytest.fixture
def writer(tmp_path: Path) -> Format:
    """What the workers are given and do not use."""
    return make_format("zarr", tmp_path, StoreSpec(1, 1, 16, 16, SHARD))


def engine(batch: int) -> Engine:
    return Engine(CopySynthesizer(SynthesizerSettings()), HostTransfer(), batch)


@pytest.mark.parametrize("ahead", [0, 1, 4])
@pytest.mark.parametrize("batch", [1, 3, 7])
def test_memory_is_bounded_and_nothing_is_lost(writer: Format, ahead: int, batch: int) -> None:
    workers = Counting(ahead)
    shards = list(range(2, 60))
    came = list(synthesize_shards(engine(batch), workers, writer, shards))
    assert [item.id for item in came if isinstance(item, Series)] == [
        f"{shard}-{place}" for shard in shards for place in range(SHARD)
    ]
    assert [item.index for item in came if isinstance(item, ShardSummary)] == shards
    # behind: ahead to be synthesised and one in hand; the shards of a batch; ahead to be written, and one more
    assert workers.most <= (ahead + 1) + (-(-batch // SHARD) + 1) + (ahead + 1)
    for shard in shards:
        outcomes = workers.committed[shard]
        assert [outcome.id for outcome in outcomes] == [f"{shard}-{place}" for place in range(SHARD)]
        for outcome in outcomes:
            assert outcome.series is not None
            assert outcome.series.images.shape == (2, 3, 16, 16)
            assert (outcome.series.images == shard).all()


def test_shards_without_a_series_are_written_too(writer: Format) -> None:
    workers = Counting(1, empty=(0, 2, 3, 4, 5, 6, 7, 8, 9, 11))
    came = list(synthesize_shards(engine(1), workers, writer, range(12)))
    assert sorted(workers.committed) == list(range(12))
    assert sorted(item.index for item in came if isinstance(item, ShardSummary)) == list(range(12))
    assert workers.most <= 5


def test_nothing_but_shards_without_a_series(writer: Format) -> None:
    workers = Counting(1, empty=tuple(range(20)))
    came = list(synthesize_shards(engine(4), workers, writer, range(20)))
    assert [item.index for item in came if isinstance(item, ShardSummary)] == list(range(20))
    assert len(came) == 20
    assert workers.most <= 5


def test_a_write_that_fails_ends_it(writer: Format) -> None:
    workers = Counting(1, full_at=3)
    with pytest.raises(StoreError, match="disk is full"):
        list(synthesize_shards(engine(1), workers, writer, range(100)))
    assert max(workers.prepared) < 10
    assert sorted(workers.committed) == [0, 1, 2]


def test_shards_are_asked_for_ahead_and_no_further() -> None:
    workers = Counting(2)
    stream = prepare_ahead(workers, iter(range(100)))
    for shard in range(5):
        got, items = next(stream)
        assert (got, len(items)) == (shard, SHARD)
        assert workers.prepared == list(range(shard + 3))
