from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.crs import CRS

from changen_cli.errors import StoreError
from changen_cli.scenes.window import Window
from changen_cli.store.base import Outcome, Series, Status, StoreSpec
from changen_cli.store.formats.base import cut_arrays
from changen_cli.store.formats.geotiff import GeoTiffFormat
from changen_cli.store.tables.samples import SampleRow

NAMES = {"t0.tif", "t1.tif", "t2.tif", "change_t0_t1.tif", "change_t1_t2.tif"} | {
    f"{name}_t{time}.tif" for name in ("mask", "instance") for time in range(3)
}


def make(root: Path, series: Series, **options: object) -> Path:
    height, width = series.valid.shape
    spec = StoreSpec(1, 2, height, width, 1, options)
    writer = GeoTiffFormat(root, spec)
    writer.create()
    writer.write_shard(0, [Outcome(series.id, Status.DONE, series=series)])
    return root / series.id


@pytest.mark.parametrize("cog", [False, True])
def test_pixels_and_place_come_back(tmp_path: Path, make_series: Callable[..., Series], cog: bool) -> None:
    series = make_series(0)
    folder = make(tmp_path, series, cog=cog)
    assert {path.name for path in folder.iterdir()} == NAMES
    for path in folder.iterdir():
        with rasterio.open(path) as source:
            assert source.crs == CRS.from_epsg(32736)
            assert source.transform == series.transform
            assert source.compression.value == "DEFLATE"
    for time in range(3):
        with rasterio.open(folder / f"t{time}.tif") as source:
            np.testing.assert_array_equal(source.read(), series.images[time])
            np.testing.assert_array_equal(source.dataset_mask() == 255, series.valid)
            assert [interp.name for interp in source.colorinterp] == ["red", "green", "blue"]
        with rasterio.open(folder / f"mask_t{time}.tif") as source:
            np.testing.assert_array_equal(source.read(1), series.masks[time])
            assert source.dtypes == ("uint8",)
        with rasterio.open(folder / f"instance_t{time}.tif") as source:
            np.testing.assert_array_equal(source.read(1), series.instances[time])
            assert source.dtypes == ("int32",)
    with rasterio.open(folder / "change_t1_t2.tif") as source:
        np.testing.assert_array_equal(source.read(1), series.changes[1])


def test_labels_show_in_a_gis(tmp_path: Path, make_series: Callable[..., Series]) -> None:
    folder = make(tmp_path, make_series(0))
    with rasterio.open(folder / "change_t0_t1.tif") as source:
        colors = source.colormap(1)
        assert colors[0] != colors[1]
        assert source.nodata is None
    with rasterio.open(folder / "mask_t0.tif") as source:
        colors = source.colormap(1)
        assert len({colors[0], colors[1], colors[2]}) == 3


def test_valid_cog(tmp_path: Path, make_series: Callable[..., Series]) -> None:
    folder = make(tmp_path, make_series(0, size=(600, 700)), cog=True)
    for name in ("t0.tif", "mask_t0.tif", "instance_t0.tif", "change_t0_t1.tif"):
        with rasterio.open(folder / name) as source:
            assert source.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
            assert source.overviews(1), "a COG wider than a block has overviews"


def test_overviews_of_labels_invent_no_class(tmp_path: Path, make_series: Callable[..., Series]) -> None:
    series = make_series(0, size=(600, 700))
    folder = make(tmp_path, series, cog=True)
    with rasterio.open(folder / "instance_t0.tif", overview_level=0) as source:
        assert set(np.unique(source.read(1))) <= set(np.unique(series.instances[0]))


def test_creation_options_are_passed_through_to_images_only(tmp_path: Path, make_series: Callable[..., Series]) -> None:
    series = make_series(0)
    folder = make(tmp_path, series, creation_options={"compress": "jpeg", "photometric": "ycbcr", "tiled": False})
    with rasterio.open(folder / "t0.tif") as source:
        assert source.compression.value == "JPEG"
        np.testing.assert_array_equal(source.dataset_mask() == 255, series.valid)
    with rasterio.open(folder / "instance_t0.tif") as source:
        np.testing.assert_array_equal(source.read(1), series.instances[0])


@pytest.mark.parametrize(
    ("cog", "options", "words"),
    [
        (False, {"compress": "shrink"}, "(?i)shrink"),
        (False, {"colour": "red"}, "(?i)colour"),
        (True, {"tiled": True}, "(?i)tiled"),
        (True, {"compress": "shrink"}, "(?i)shrink"),
    ],
)
def test_creation_options_that_gdal_does_not_take_are_refused_at_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, cog: bool, options: dict[str, object], words: str
) -> None:
    spec = StoreSpec(1, 2, 24, 40, 1, {"creation_options": options, "cog": cog})
    with pytest.raises(StoreError, match=words):
        GeoTiffFormat(tmp_path, spec).create()
    assert caplog.text == ""
    GeoTiffFormat(tmp_path, StoreSpec(1, 2, 24, 40, 1, {"cog": cog})).create()


def test_no_georeference(tmp_path: Path, make_series: Callable[..., Series]) -> None:
    series = make_series(0, crs=None)
    folder = make(tmp_path, series)
    with rasterio.open(folder / "t0.tif") as source:
        assert source.crs is None
        assert source.transform.is_identity
    assert {path.name for path in folder.iterdir()} == NAMES, "no side files"


def test_a_shard_is_written_over_what_was_there(tmp_path: Path, make_series: Callable[..., Series]) -> None:
    series = make_series(0)
    folder = make(tmp_path, series)
    (folder / "t1.tif").write_bytes(b"damaged")
    assert make(tmp_path, series) == folder
    with rasterio.open(folder / "t1.tif") as source:
        np.testing.assert_array_equal(source.read(), series.images[1])
    writer = GeoTiffFormat(tmp_path, StoreSpec(1, 2, 24, 40, 1))
    writer.write_shard(0, [Outcome(series.id, Status.SKIPPED, "nothing here")])
    assert not folder.exists()


def test_a_foreign_file_in_a_sample_folder_is_kept(tmp_path: Path, make_series: Callable[..., Series]) -> None:
    series = make_series(0)
    folder = make(tmp_path, series)
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(StoreError, match=r"notes\.txt"):
        make(tmp_path, series)
    assert {path.name for path in folder.iterdir()} == NAMES | {"notes.txt"}


def test_a_part_is_the_same_as_in_the_whole(tmp_path: Path, make_series: Callable[..., Series]) -> None:
    series = make_series(0)
    make(tmp_path, series)
    store, row = GeoTiffFormat(tmp_path, StoreSpec(1, 2, 24, 40, 1)), sample_row(series)
    window = Window(5, 17, 12, 23)
    part, cut = store.read_part(row, 2, window), cut_arrays(store.read_step(row, 2), window)
    for name in ("image", "change", "mask", "instance", "valid"):
        np.testing.assert_array_equal(getattr(part, name), getattr(cut, name))
    assert part.image.shape == (2, 3, 12, 23)
    assert not part.valid[:, -1].any()  # type: ignore[index]


def sample_row(series: Series) -> SampleRow:
    return {
        "index": 0, "sample": series.id, "status": "done", "reason": "", "scene": series.scene, "tile": series.tile,
        "variant": 0, "split": series.split, "source": series.source, "crs": None, "transform": None,
        "height": 24, "width": 40, "changes": 3, "geometry": None,
    }  # fmt: skip
