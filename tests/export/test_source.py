from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from changen_cli.errors import StoreError, UsageError
from changen_cli.export.options import ExportOptions
from changen_cli.export.source import Source
from changen_cli.reporter import Silent


def source(path: Path, **values: object) -> Source:
    options = ExportOptions(series=path, layout="second", output="unused", **values)  # type: ignore[arg-type]
    return Source(options, Silent())


@pytest.mark.parametrize("pairs", ["consecutive", "all"])
def test_every_format_gives_the_same_pairs(stores: Path, pairs: str) -> None:
    wanted = list(source(stores / "zarr", pairs=pairs).pairs())
    assert [pair.times for pair in wanted[:3]] == [(0, 1), (1, 2), (0, 2) if pairs == "all" else (0, 1)]
    assert len(wanted) == (9 if pairs == "all" else 6)
    assert wanted[0].label.pixels.any()
    for format in ("geotiff", "levir"):
        found = list(source(stores / format, pairs=pairs).pairs())
        for one, other in zip(found, wanted, strict=True):
            assert (one.id, one.sample, one.split, one.times) == (other.id, other.sample, other.split, other.times)
            assert (one.crs, one.transform) == (other.crs, other.transform)
            assert [c.event for c in one.changes] == [c.event for c in other.changes]
            for name in ("before", "after", "label"):
                assert np.array_equal(getattr(one, name).pixels, getattr(other, name).pixels)


def test_the_files_of_levir_are_known(stores: Path) -> None:
    pair = next(source(stores / "levir").pairs())
    assert pair.before.file == stores / "levir" / "LEVIR-CD+" / "train" / "A" / f"{pair.id}.png"
    assert next(source(stores / "zarr").pairs()).before.file is None


def test_a_date_is_one_picture_in_all_its_pairs(stores: Path) -> None:
    first, second, *_ = source(stores / "zarr").pairs()
    assert first.after is second.before


def test_masks_are_asked_for_where_there_are_none(stores: Path) -> None:
    levir = source(stores / "levir")
    for read in (levir.series, levir.pairs_with_dates):
        with pytest.raises(UsageError, match=r"second needs the masks .* --format zarr or geotiff"):
            next(iter(read()))


def test_splits(stores: Path) -> None:
    assert {pair.split for pair in source(stores / "zarr", split="test").pairs()} == {"test"}
    with pytest.raises(StoreError, match="no split 'val'"):
        source(stores / "zarr", split="val")
