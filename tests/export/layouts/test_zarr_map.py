from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.crs import CRS

from changen_cli import open_series
from changen_cli.export.export import export_series
from changen_cli.export.layouts.zarr_map import coordinates, spatial_ref
from changen_cli.export.options import ExportOptions
from changen_cli.scenes.window import Window
from changen_cli.store.base import Outcome, Series, Status, StoreSpec
from changen_cli.store.formats.base import Arrays
from changen_cli.store.formats.geotiff import GeoTiffFormat
from changen_cli.store.sample import Sample
from changen_cli.store.tables.samples import SampleRow
from tests.export.conftest import SAMPLES, Export

xarray = pytest.importorskip("xarray", reason="xarray is not installed")
rioxarray = pytest.importorskip("rioxarray", reason="rioxarray is not installed")


@pytest.fixture
def sample(stores: Path) -> Sample:
    return open_series(stores / "zarr", "test")[0]


@pytest.mark.parametrize("version", [2, 3])
def test_xarray_and_rioxarray_open_a_map(run: Export, sample: Sample, version: int) -> None:
    data = xarray.open_zarr(run("zarr-map", zarr_version=version), group=SAMPLES[2])
    assert data.rio.crs == CRS.from_wkt(sample.crs or "")
    assert data.image.dims == ("time", "band", "y", "x")
    assert data.image.dtype == np.uint8
    assert data.mask.dtype == np.uint8
    assert sample.transform is not None
    assert data.image.rio.transform() == sample.transform
    assert data.x[0] == sample.transform.c + sample.transform.a / 2
    assert data.y[-1] == sample.transform.f + sample.transform.e * 23.5
    for name in ("image", "change", "mask", "instance"):
        assert np.array_equal(data[name].to_numpy(), getattr(sample, name))
    clipped = data.mask.rio.clip_box(*data.mask.rio.bounds())
    assert clipped.shape == data.mask.shape


@pytest.mark.parametrize("version", [2, 3])
def test_all_groups_are_one_tree(run: Export, version: int) -> None:
    tree = xarray.open_datatree(run("zarr-map", zarr_version=version), engine="zarr")
    assert sorted(tree.children) == sorted(SAMPLES)


def test_gdal_opens_a_map(run: Export, sample: Sample) -> None:
    root = run("zarr-map")
    with rasterio.open(f'ZARR:"{root}":/{SAMPLES[2]}/mask') as opened:
        assert opened.crs == CRS.from_wkt(sample.crs or "")
        assert opened.transform == sample.transform
        assert sample.mask is not None
        assert np.array_equal(opened.read(), sample.mask)
    with rasterio.open(f'ZARR:"{root}":/{SAMPLES[2]}/image:1:2') as opened:
        assert np.array_equal(opened.read(1), sample.image[1, 2])


def test_version_3_says_where_it_is_by_the_conventions(run: Export, sample: Sample) -> None:
    import zarr

    group = zarr.open_group(run("zarr-map", zarr_version=3), mode="r")[SAMPLES[2]]
    assert group.attrs["proj:code"] == "EPSG:32736"
    assert group.attrs["spatial:transform"] == list(sample.transform or ())[:6]


def test_a_series_without_a_place_has_pixels(
    make_series: Callable[..., Series], run_store: Callable[..., None], tmp_path: Path
) -> None:
    series = make_series(0, crs=None)
    spec = StoreSpec(samples=1, steps=2, height=24, width=40, shard_samples=1)
    run_store("zarr", tmp_path / "store", spec, [Outcome(series.id, Status.DONE, series=series)])
    export_series(ExportOptions(series=str(tmp_path / "store"), layout="zarr-map", output=str(tmp_path / "out")))
    data = xarray.open_zarr(tmp_path / "out", group=series.id)
    assert "spatial_ref" not in data.variables
    assert data.x[0] == 0.5


def test_coordinates(sample: Sample) -> None:
    def turned(transform: Affine, crs: str) -> list[str]:
        moved = Sample(**{name: getattr(sample, name) for name in sample.__slots__} | {"transform": transform})
        found = coordinates(moved, 2, 3, CRS.from_string(crs))
        return [f"{name} {attrs['standard_name']} {attrs['units']}" for name, _, attrs in found]

    straight = Affine(0.5, 0, 10, 0, -0.5, 20)
    assert turned(straight, "EPSG:4326") == ["x longitude degrees_east", "y latitude degrees_north"]
    assert turned(straight, "EPSG:32736") == ["x projection_x_coordinate m", "y projection_y_coordinate m"]
    assert turned(straight @ Affine.rotation(10), "EPSG:32736") == []
    assert spatial_ref(CRS.from_epsg(32736), sample)["GeoTransform"].split()[1] == "0.5"


@pytest.mark.parametrize("version", [2, 3])
def test_a_series_larger_than_memory_is_written_in_windows(
    run: Export, monkeypatch: pytest.MonkeyPatch, version: int
) -> None:
    whole = run("zarr-map", "geotiff", name="whole", zarr_version=version)

    def refuse(*_: object) -> Sample:
        raise AssertionError("read whole")

    read: list[int] = []
    part_of = GeoTiffFormat.read_part

    def counted(self: GeoTiffFormat, sample: SampleRow, step: int, window: Window) -> Arrays:
        arrays = part_of(self, sample, step, window)
        read.append(arrays.image.shape[-1] * arrays.image.shape[-2])
        return arrays

    monkeypatch.setattr("changen_cli.store.series.PART", 16)
    monkeypatch.setattr(GeoTiffFormat, "read_part", counted)
    monkeypatch.setattr(GeoTiffFormat, "read", refuse)
    monkeypatch.setattr(GeoTiffFormat, "read_step", refuse)
    parts = run("zarr-map", "geotiff", name="parts", zarr_version=version)
    assert len(read) == 3 * 2 * 6, "series, steps, windows of 24 x 40 pixels"
    assert max(read) == 16 * 16
    first, second = (xarray.open_datatree(root, engine="zarr") for root in (whole, parts))
    xarray.testing.assert_identical(first, second)
    assert first[SAMPLES[0]].change.any()
