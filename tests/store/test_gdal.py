from __future__ import annotations

from pathlib import Path

import pytest
from rasterio._err import CPLE_BaseError  # where it moves, changen_cli/store/gdal.py has to follow

from changen_cli.errors import StoreError
from changen_cli.store.gdal import GDAL_ERRORS, read_raster


def test_gdals_own_errors_are_among_those_that_are_caught() -> None:
    assert CPLE_BaseError in GDAL_ERRORS


def test_a_damaged_raster_is_one_error(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(b"II*\x00")
    with pytest.raises(StoreError, match=r"cannot read .*a\.tif"):
        read_raster(path)
