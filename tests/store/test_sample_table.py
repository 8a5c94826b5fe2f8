from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from changen_cli.errors import StoreError
from changen_cli.store.base import Outcome, StoreSpec
from changen_cli.store.sample_table import SampleTable

Run = Callable[..., None]
PAIRS = ((0, 1), (1, 2), (0, 2))


@pytest.fixture
def root(tmp_path: Path, run_store: Run, spec: StoreSpec, outcomes: list[Outcome]) -> Path:
    run_store("zarr", tmp_path, spec, outcomes)
    return tmp_path


def test_items_are_those_of_each_sample_in_turn(root: Path, outcomes: list[Outcome]) -> None:
    samples = SampleTable(root, PAIRS, None)
    done = [number for number, outcome in enumerate(outcomes) if outcome.series is not None]
    assert samples.rows.tolist() == done
    assert [samples.locate(item, PAIRS) for item in range(9)] == [(row, times) for row in done for times in PAIRS]
    assert samples.locate(-1, PAIRS) == (done[-1], (0, 2))
    assert samples.count(((0, 1, 2),)) == 3
    with pytest.raises(IndexError, match=r"item 9 of .*, which has 9"):
        samples.locate(9, PAIRS)


def test_a_part_has_items_of_its_own(root: Path) -> None:
    samples = SampleTable(root, PAIRS, None)
    part = samples.part(slice(1, 8, 2)).part(slice(1, None))  # items 3, 5, 7 of all
    assert [part.locate(item, PAIRS) for item in range(3)] == [samples.locate(item, PAIRS) for item in (3, 5, 7)]
    consecutive = PAIRS[:2]  # what it has of the steps: (0, 1) of the second sample and (1, 2) of the third
    assert part.count(consecutive) == 2
    assert [part.locate(item, consecutive)[1] for item in range(2)] == [(0, 1), (1, 2)]
    assert samples.count(PAIRS) == 9  # the whole is what it was
    whole = SampleTable(root, ((0, 1, 2),), None).part(slice(2, None))
    assert whole.rows.tolist() == samples.rows[2:].tolist()


def test_changes_and_splits(root: Path, outcomes: list[Outcome]) -> None:
    samples = SampleTable(root, PAIRS, None)
    for row, outcome in enumerate(outcomes):
        made = () if outcome.series is None else outcome.series.history.changes
        assert samples.changes(row) == [change for step in made for change in step]
        assert samples.sample(row)["sample"] == outcome.id
    assert samples.splits().total() == 3
    split = next(iter(samples.splits()))
    assert SampleTable(root, PAIRS, split).splits() == {split: samples.splits()[split]}
    with pytest.raises(StoreError, match="has no split 'other'"):
        SampleTable(root, PAIRS, "other")
