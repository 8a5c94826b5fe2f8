from __future__ import annotations

import pytest

from changen_cli.pipeline.summary import PROBLEMS_KEPT, NothingMadeError, Summary
from changen_cli.store.records import ShardSummary


def shard(done: int = 0, skipped: int = 0, failed: int = 0) -> ShardSummary:
    statuses = {"done": done, "skipped": skipped, "failed": failed}
    problems = tuple((f"t{n}", "failed", "cut short") for n in range(failed))
    return ShardSummary(0, {k: v for k, v in statuses.items() if v}, {"create": done}, {"remove": 1}, problems)


def test_counting() -> None:
    summary = Summary("out", "zarr", samples=20, steps=3)
    summary.under_way = 6
    assert summary.finished == 6
    summary.add(shard(done=4, skipped=2))
    assert (summary.finished, summary.under_way) == (8, 2)
    assert summary.changes == {"create": 4}
    assert summary.shortfalls == {"remove": 1}
    summary.seconds = 6.0
    assert summary.tile_steps_per_second == pytest.approx(3.0)
    assert summary.seconds_left == pytest.approx(12.0)


def test_what_is_resumed_is_not_speed() -> None:
    summary = Summary("out", "zarr", samples=20, steps=1)
    summary.add(shard(done=10))
    summary.resumed = 10
    summary.seconds = 2.0
    assert summary.tile_steps_per_second == 0
    assert summary.seconds_left is None
    summary.under_way = 4
    assert summary.tile_steps_per_second == 2.0


@pytest.mark.parametrize(
    ("counts", "unusable", "code"),
    [
        ({"done": 3}, (), 0),
        ({"done": 3, "skipped": 3}, (), 0),
        ({"done": 3, "failed": 1}, (), 1),
        ({"done": 3}, ({"id": "a"},), 1),
    ],
)
def test_exit_codes(counts: dict[str, int], unusable: tuple[dict[str, str], ...], code: int) -> None:
    summary = Summary("out", "zarr", samples=9, steps=1, unusable=unusable)
    summary.add(shard(**counts))
    assert summary.exit_code == code


def test_only_so_many_problems_are_kept() -> None:
    summary = Summary("out", "zarr", samples=9, steps=1)
    for _ in range(3):
        summary.add(shard(failed=PROBLEMS_KEPT // 2 + 1))
    assert len(summary.problems) == PROBLEMS_KEPT
    assert summary.statuses["failed"] > PROBLEMS_KEPT


def test_series_without_any_of_the_changes_asked_for_are_nothing_made() -> None:
    summary = Summary("out", "zarr", samples=3, steps=1)
    summary.add(ShardSummary(0, {"done": 3}, {}, {"create": 2, "remove": 5}, ()))
    assert summary.nothing_made
    assert "nothing could change in any of 3 series; changes that were asked for: create 2, remove 5; sampl" in str(
        NothingMadeError(summary)
    )
    summary.add(ShardSummary(1, {"done": 1}, {"create": 1}, {}, ()))
    assert not summary.nothing_made
    still = Summary("out", "zarr", samples=1, steps=1)
    still.add(ShardSummary(0, {"done": 1}, {}, {}, ()))  # none were asked for
    assert not still.nothing_made


def test_where_nothing_was_made_the_first_reason_is_told() -> None:
    summary = Summary("out", "zarr", samples=9, steps=1)
    assert "of 9 samples; the first: there are no tiles" in str(NothingMadeError(summary))
    summary.add(shard(failed=2))
    assert "the first: cut short" in str(NothingMadeError(summary))
