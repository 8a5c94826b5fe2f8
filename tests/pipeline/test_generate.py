from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from changen_cli import open_series
from changen_cli.errors import ExitCode, UsageError
from changen_cli.pipeline.generate import generate
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.pipeline.summary import NothingMadeError
from changen_cli.store.base import Series
from tests.reporting import Heard

Options = Callable[..., GenerateOptions]


def test_a_run_reports_as_it_goes(options: Options) -> None:
    heard = Heard()
    summary = generate(options(shard_samples=6, steps=2), heard, report_every=0.0)
    # though there is one shard alone, every sample is reported
    assert [progress.done for progress in heard.progresses] == [0, 1, 2, 3, 4, 5, 6, 6, 6]
    assert {progress.total for progress in heard.progresses} == {6}
    last = heard.progresses[-1]
    assert (last.task, last.unit, last.values["done"]) == ("generate", "series", 6)
    assert last.note.endswith("tile-steps/s")
    assert summary.statuses == {"done": 6}
    assert summary.tile_steps_per_second == pytest.approx(12 / summary.seconds)
    assert summary.exit_code == ExitCode.DONE


def test_each_series_can_be_watched_as_it_is_made(options: Options) -> None:
    seen: list[Series] = []
    summary = generate(options(shard_samples=4, steps=2), watch=seen.append)
    assert summary.statuses == {"done": 6}
    stored = {sample.id: sample for sample in open_series(summary.output)}
    assert sorted(series.id for series in seen) == sorted(stored)
    for series in seen:
        np.testing.assert_array_equal(series.images, stored[series.id].image)


def test_reports_are_not_too_many(options: Options) -> None:
    heard = Heard()
    summary = generate(options(variants=5), heard, report_every=0.05)
    assert 3 < len(heard.progresses) <= 3 + summary.seconds / 0.05


def test_what_was_done_before_is_counted_and_not_timed(options: Options) -> None:
    first = generate(options())
    heard = Heard()
    again = generate(options(), heard)
    assert [progress.done for progress in heard.progresses] == [6, 6]
    assert again.resumed == 6
    assert again.tile_steps_per_second == 0
    assert again.seconds_left is None
    assert (again.statuses, again.changes) == (first.statuses, first.changes)


def test_nothing_made_is_an_error_in_python_too(options: Options, tmp_path: Path) -> None:
    with pytest.raises(NothingMadeError, match="no series could be made of 6 samples; the first: only") as caught:
        generate(options(rescale="0:1", masks=None, min_valid=1.0, inputs=(str(_empty(options, tmp_path)),)))
    assert caught.value.exit_code == ExitCode.UNUSABLE
    assert caught.value.summary.statuses == {"skipped": 6}
    assert (tmp_path / "out" / "samples.parquet").exists()


def _empty(options: Options, tmp_path: Path) -> Path:
    """Makes a town whose pixels are all no data."""
    import rasterio

    path = Path(options().inputs[0])
    with rasterio.open(path, "r+") as town:
        town.nodata = 0
        town.write(np.zeros((town.count, town.height, town.width), town.dtypes[0]))
    return path


def test_speed_may_change_on_resuming(options: Options) -> None:
    generate(options(workers=0, batch_size=1))
    assert generate(options(workers=2, batch_size=4)).resumed == 6


def test_the_device_may_be_named_in_full(options: Options) -> None:
    generate(options(device="cpu"))
    assert generate(options(device="cpu:0")).resumed == 6


def test_unknown_devices_are_refused(options: Options) -> None:
    with pytest.raises(UsageError, match="--device abacus"):
        generate(options(device="abacus"))


def test_paths_and_series_in_one_go(options: Options, tmp_path: Path) -> None:
    generate(options(output=tmp_path / "there"))
    assert len(open_series(tmp_path / "there")) == 6
