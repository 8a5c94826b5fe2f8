from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from changen_cli import open_series
from changen_cli.events.base import History
from changen_cli.store.base import Outcome, Series, Status, StoreSpec
from changen_cli.store.damage import Kind
from changen_cli.store.formats.registry import find_formats
from changen_cli.store.labels import check_labels
from changen_cli.store.records import read_record, record_path

Run = Callable[..., None]

SPEC = StoreSpec(1, 2, 24, 40, 1)


def reasons(root: Path, shards: int = 1) -> list[str]:
    """What does not agree in an output."""
    data = open_series(root)
    problems = [p for index in range(shards) for p in check_labels(data, read_record(record_path(root, index)))]
    assert {problem.kind for problem in problems} <= {Kind.LABELS}
    return [problem.reason for problem in problems]


@pytest.mark.parametrize("format", find_formats())
def test_labels_of_an_output_agree(
    tmp_path: Path, run_store: Run, spec: StoreSpec, outcomes: list[Outcome], format: str
) -> None:
    run_store(format, tmp_path, spec, outcomes)
    assert reasons(tmp_path, spec.shards) == []


@pytest.fixture
def store(tmp_path: Path, run_store: Run) -> Callable[[Series], Path]:
    """Stores one series as it is."""

    def make(series: Series) -> Path:
        run_store("zarr", tmp_path, SPEC, [Outcome(series.id, Status.DONE, series=series)])
        return tmp_path

    return make


def test_a_mask_that_changes_without_an_event(
    store: Callable[[Series], Path], make_series: Callable[..., Series]
) -> None:
    series = make_series(0)
    masks, instances = series.masks.copy(), series.instances.copy()
    masks[1:, 20:22, 30:33], instances[1:, 20:22, 30:33] = 1, 77
    assert reasons(store(replace(series, masks=masks, instances=instances))) == [
        "6 pixels change at step 1 where no event of that step is"
    ]


def test_a_class_without_an_instance(store: Callable[[Series], Path], make_series: Callable[..., Series]) -> None:
    series = make_series(0)
    instances = series.instances.copy()
    instances[:, 1:5, 1:5] = 0
    assert reasons(store(replace(series, instances=instances))) == [
        "its instance masks are not where its class masks are"
    ]


def test_an_event_of_another_step(store: Callable[[Series], Path], make_series: Callable[..., Series]) -> None:
    series = make_series(0)
    first, second = series.history.changes
    moved = replace(second[0], step=1)
    swapped = History(series.history.layouts, ((*first, moved), ()), series.history.shortfalls)
    (reason,) = reasons(store(replace(series, history=swapped)))
    assert reason.endswith("pixels change at step 2 where no event of that step is")


def test_change_masks_and_counts_that_are_others(
    tmp_path: Path, run_store: Run, make_series: Callable[..., Series]
) -> None:
    series = make_series(0)
    for name, one in (("a", series), ("b", replace(series, masks=np.roll(series.masks, 1, axis=0)))):
        run_store("zarr", tmp_path / name, SPEC, [Outcome(one.id, Status.DONE, series=one)])
    chunk = Path("change", "c.0.0.0.0")
    (tmp_path / "a" / chunk).write_bytes((tmp_path / "b" / chunk).read_bytes())
    found = reasons(tmp_path / "a")
    assert any("changed pixels, the record" in reason for reason in found)
    assert "its change masks are not where its class masks differ" in found


def test_a_table_of_another_run(tmp_path: Path, run_store: Run, make_series: Callable[..., Series]) -> None:
    for name, series in (("a", make_series(0)), ("b", make_series(0, flat=True))):
        run_store("levir", tmp_path / name, SPEC, [Outcome(series.id, Status.DONE, series=series)])
    (tmp_path / "a" / "samples.parquet").write_bytes((tmp_path / "b" / "samples.parquet").read_bytes())
    (reason,) = reasons(tmp_path / "a")
    assert reason.startswith("samples.parquet says")
