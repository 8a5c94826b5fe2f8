from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from changen_cli.errors import StoreError
from changen_cli.store.base import Outcome, StoreSpec
from changen_cli.store.commit import commit_shard
from changen_cli.store.formats.registry import make_format
from changen_cli.store.journal import Journal
from changen_cli.store.overview import name_shards, take_overview
from changen_cli.store.planned import Planned
from changen_cli.store.records import record_path
from changen_cli.store.share import Share


def test_a_divided_output_by_worker(tmp_path: Path, spec: StoreSpec, outcomes: list[Outcome]) -> None:
    """Shards 0 and 1 of 3 are there; the record of shard 0 is damaged."""
    store = make_format("levir", tmp_path, spec)
    for number in range(2):
        with Journal(tmp_path, Share(number, 2)) as journal:
            journal.open({"seed": 1}, plan=Planned("levir", spec))
            store.create()
            commit_shard(store, number, outcomes[number * 2 : number * 2 + 2])
    record_path(tmp_path, 0).write_text("{")
    found = take_overview(tmp_path)
    assert (found.format, found.finished) == ("levir", False)
    assert (found.whole.shards, found.whole.shards_done, found.whole.missing) == (3, 1, (0, 2))
    assert (found.whole.samples, found.whole.samples_missing) == (5, 3)
    first, second = found.workers
    assert (first.shard, first.shards, first.missing, first.samples) == ("0/2", 2, (0, 2), 3)
    assert first.statuses == {"done": 0, "skipped": 0, "failed": 0}
    assert (second.shard, second.missing, second.samples_missing) == ("1/2", (), 0)
    assert sum(second.statuses.values()) == 2


def test_a_finished_output(
    tmp_path: Path, run_store: Callable[..., None], spec: StoreSpec, outcomes: list[Outcome]
) -> None:
    run_store("zarr", tmp_path, spec, outcomes)
    found = take_overview(tmp_path)
    assert (found.format, found.finished, found.workers, found.whole.missing) == ("zarr", True, (), ())
    assert sum(found.whole.statuses.values()) == 5


def test_what_is_no_output(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="was not written by changen"):
        take_overview(tmp_path)
    Journal(tmp_path / "out").open({"seed": 1})
    with pytest.raises(StoreError, match="does not say what it was to become"):
        take_overview(tmp_path / "out")


def test_names_of_many_shards_are_cut(spec: StoreSpec) -> None:
    plan = Planned("zarr", spec, workers=3)
    assert name_shards(plan, range(0, 12, 3), 2) == "worker 0/3: 0, 3 and 2 more"
    assert name_shards(plan, [1, 2, 0], 2) == "worker 0/3: 0; worker 1/3: 1; and 1 more workers"
    assert name_shards(Planned("zarr", spec), [4, 2]) == "2, 4"
