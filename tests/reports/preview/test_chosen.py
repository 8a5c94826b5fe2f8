from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from changen_cli.errors import UsageError
from changen_cli.reports.preview.chosen import choose_series, ids_of
from changen_cli.reports.preview.options import PreviewOptions
from changen_cli.store.series import SeriesDataset, open_series


@pytest.mark.parametrize("format", ["zarr", "geotiff", "levir"])
def test_ids_are_known_without_reading_a_series(output: Callable[[str], SeriesDataset], format: str) -> None:
    data = output(format)
    assert ids_of(data) == [sample.id for sample in data]


def test_series_are_spread_evenly_or_chosen_by_id(output: Callable[[str], SeriesDataset]) -> None:
    data = output("zarr")
    names = ids_of(data)
    assert list(choose_series(data, PreviewOptions("out"), 99).items) == [0, 1, 2]
    assert list(choose_series(data, PreviewOptions("out"), 1).items) == [1]
    assert list(choose_series(data, PreviewOptions("out", limit=2), 1).items) == [0, 2]
    assert list(choose_series(data, PreviewOptions("out", id=(names[2], names[0])), 9).items) == [2, 0]
    with pytest.raises(UsageError, match=f"--id nowhere: .* its 3 are {names[0]}"):
        choose_series(data, PreviewOptions("out", id=("nowhere",)), 9)


def test_nothing_to_draw(output: Callable[[str], SeriesDataset]) -> None:
    root: Path = output("zarr").root
    table = pq.read_table(root / "samples.parquet")
    place = table.schema.get_field_index("status")
    pq.write_table(table.set_column(place, "status", pa.array(["failed"] * len(table))), root / "samples.parquet")
    with pytest.raises(UsageError, match="nothing to draw"):
        choose_series(open_series(root), PreviewOptions("out"), 2)
