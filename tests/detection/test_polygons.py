from __future__ import annotations

import json
from pathlib import Path

import geopandas
import numpy as np
import pytest
from rasterio.crs import CRS

from changen_cli.detection.outputs import NO_DATA
from changen_cli.detection.polygons import MOST_PIXELS, check_suffix, write_polygons
from changen_cli.errors import StoreError, UsageError
from tests.detection.make_rasters import UTM, write_raster


def rasters(folder: Path, crs: CRS | None = UTM) -> tuple[Path, Path]:
    """A rectangle with a hole, two squares that touch at a corner, and no data."""
    mask = np.zeros((1, 60, 80), np.uint8)
    mask[0, 10:30, 10:40] = 1
    mask[0, 15:20, 15:20] = 0
    mask[0, 40:44, 50:54] = mask[0, 44:48, 54:58] = 1
    mask[0, :, 75:] = NO_DATA
    probability = np.where(mask == NO_DATA, np.nan, 0.25).astype(np.float32)
    probability[0, 10:30, 10:25] = 0.75
    return (
        write_raster(folder / "mask.tif", mask, crs=crs, nodata=NO_DATA),
        write_raster(folder / "probability.tif", probability, crs=crs, nodata=float("nan")),
    )


def read(path: Path) -> geopandas.GeoDataFrame:
    frame = geopandas.read_parquet(path) if path.suffix == ".parquet" else geopandas.read_file(path)
    return frame.sort_values(["pixels", "mean_probability"], ascending=False).reset_index(drop=True)


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".parquet"])
def test_outlines_of_what_changed(tmp_path: Path, suffix: str) -> None:
    target = tmp_path / f"new/changes{suffix}"
    assert write_polygons(*rasters(tmp_path), target) == 3
    frame = read(target)
    assert list(frame["pixels"]) == [575, 16, 16]
    assert frame["area_m2"][0] == pytest.approx(575 / 4, rel=2e-3)  # the scale of UTM is not quite 1
    assert frame["mean_probability"][0] == pytest.approx((0.75 * 275 + 0.25 * 300) / 575)
    assert list(frame["mean_probability"][1:]) == [0.25, 0.25]
    assert len(frame.geometry[0].interiors) == 1
    assert frame.geometry.is_valid.all()
    assert frame.crs == (4326 if suffix == ".geojson" else UTM)
    assert sorted(path.name for path in target.parent.iterdir()) == [target.name]
    if suffix == ".gpkg":
        assert frame.to_crs(UTM).geometry[0].bounds == (450005, 9989985, 450020, 9989995)


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".parquet"])
def test_small_ones_are_left_out_and_there_may_be_none(tmp_path: Path, suffix: str) -> None:
    mask, probability = rasters(tmp_path)
    assert write_polygons(mask, probability, tmp_path / f"a{suffix}", min_area=10) == 1
    assert write_polygons(mask, probability, tmp_path / f"a{suffix}", min_area=1000) == 0
    frame = (
        geopandas.read_parquet(tmp_path / f"a{suffix}")
        if suffix == ".parquet"
        else geopandas.read_file(tmp_path / f"a{suffix}")
    )
    assert len(frame) == 0


def test_without_a_georeference_all_is_in_pixels(tmp_path: Path) -> None:
    mask, probability = rasters(tmp_path, None)
    for suffix in (".gpkg", ".geojson", ".parquet"):
        assert write_polygons(mask, probability, tmp_path / f"a{suffix}", min_area=16) == 3
        frame = read(tmp_path / f"a{suffix}")
        assert "area_m2" not in frame
        assert frame.geometry[0].bounds == (10, 10, 40, 30)
    assert json.loads((tmp_path / "a.geojson").read_text())["type"] == "FeatureCollection"


def test_a_large_polygon_is_read_in_strips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("changen_cli.detection.polygons.MOST_PIXELS", 60)
    write_polygons(*rasters(tmp_path), tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet")["mean_probability"][0] == pytest.approx((0.75 * 275 + 0.25 * 300) / 575)
    assert MOST_PIXELS > 60


def test_the_name_says_the_format(tmp_path: Path) -> None:
    check_suffix(Path("a.GPKG"))
    with pytest.raises(UsageError, match=r"--vector a\.shp: must end in \.gpkg, \.geojson"):
        check_suffix(Path("a.shp"))


def test_a_file_that_cannot_be_written_stays_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mask, probability = rasters(tmp_path)
    target = tmp_path / "a.parquet"
    target.write_text("old")

    def fail(*_: object, **__: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(geopandas.GeoDataFrame, "to_parquet", fail)
    with pytest.raises(StoreError, match=r"cannot write .*a\.parquet \(the disk is full\)"):
        write_polygons(mask, probability, target)
    assert target.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.parquet", "mask.tif", "probability.tif"]
