"""Everything that can be wrong with what a user brings: one clear line and a code, or a recorded skip; no traceback."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely

from changen_cli import open_series
from changen_cli.types import UInt8Array
from tests.commands import Changen, refused
from tests.outputs import read_whole

BOW = shapely.Polygon([(40, 40), (80, 80), (80, 40), (40, 80)])


def cut(path: Path, share: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])


def test_a_tiff_cut_within_its_header(generate: Changen, town: Callable[..., Path], tmp_path: Path, out: Path) -> None:
    path = town(tmp_path)
    path.write_bytes(path.read_bytes()[:6])
    refused(generate("-i", path, "-o", out), out, path, "cannot be opened as a raster", "copy it again")


def test_a_tiff_cut_within_its_data(generate: Changen, town: Callable[..., Path], tmp_path: Path, out: Path) -> None:
    path = town(tmp_path / "in")
    cut(path, 0.6)
    done = generate("-i", path, "-o", out, "--json")
    assert done.code == 1
    summary = json.loads(done.out)
    assert summary["statuses"]["failed"] > 0
    assert summary["statuses"]["done"] > 0
    lines = [line for line in done.err.splitlines() if line.startswith("failed: ")]
    assert len(lines) == summary["statuses"]["failed"]
    assert f"{path}: tile r" in lines[0]
    assert "copy it again" in lines[0]
    assert "Traceback" not in done.err
    assert len(open_series(out)) == summary["statuses"]["done"]
    quiet = generate("-i", path, "-o", out, "--quiet")
    assert quiet.code == 1
    assert quiet.err.splitlines() == lines


def test_a_tiff_of_which_nothing_is_left(
    generate: Changen, town: Callable[..., Path], tmp_path: Path, out: Path
) -> None:
    path = town(tmp_path / "in", compress="deflate", tiled=False, blockysize=300)
    cut(path, 0.5)
    done = generate("-i", path, "-o", out)
    assert done.code == 2
    assert "no series could be made of 12 samples" in done.error
    assert str(path) in done.error
    assert len(open_series(out)) == 0


@pytest.mark.parametrize("rescale", ["0:3000", "auto"])
def test_a_cut_16_bit_tiff(
    generate: Changen, town: Callable[..., Path], town_image: UInt8Array, tmp_path: Path, out: Path, rescale: str
) -> None:
    path = town(tmp_path / "in", pixels=town_image.astype(np.uint16) * 10, compress="deflate")
    cut(path, 0.6)
    done = generate("-i", path, "-o", out, "--rescale", rescale)
    assert done.code in (1, 2)
    assert "Traceback" not in done.err
    assert "internal error" not in done.err
    assert str(path) in done.err
    assert "copy it again" in done.err


def test_a_mask_of_another_size(generate: Changen, town: Callable[..., Path], tmp_path: Path, out: Path) -> None:
    path = town(tmp_path, labels=None)
    town(tmp_path, "other", labels="mask", size=(200, 500))
    mask = tmp_path / "other_mask.tif"
    refused(generate("-i", path, "--masks", mask, "-o", out), out, mask, "500", "300")


def test_a_vector_in_another_place(
    generate: Changen, town: Callable[..., Path], outlines: Callable[..., Path], tmp_path: Path, out: Path
) -> None:
    path = town(tmp_path, labels=None)
    far = outlines(tmp_path / "far.gpkg", [shapely.box(90_000, 10, 90_040, 50)])
    done = generate("-i", path, "--footprints", far, "-o", out)
    refused(done, out, far, "touch no pixel of", path, "--footprints-crs")


def test_a_vector_of_another_crs_is_moved(
    generate: Changen,
    town: Callable[..., Path],
    town_houses: tuple[shapely.Polygon, ...],
    outlines: Callable[..., Path],
    tmp_path: Path,
    out: Path,
) -> None:
    path = town(tmp_path, labels=None)
    geojson = outlines(tmp_path / "houses.geojson", town_houses)
    assert generate("-i", path, "--footprints", geojson, "-o", out).code == 0
    mask = read_whole(out)[0].mask[0]
    expected = rasterio.features.rasterize(list(town_houses), (300, 500))[:128, :128]
    assert (mask != expected).mean() < 0.003


def test_an_empty_mask(generate: Changen, town: Callable[..., Path], tmp_path: Path, out: Path) -> None:
    path = town(tmp_path / "in", labels="mask")
    with rasterio.open(tmp_path / "in" / "town_mask.tif", "r+") as file:
        file.write(np.zeros((300, 500), np.uint8), 1)
    done = generate("-i", path, "-o", out, "--unchanged", "skip", "--json")
    assert done.code == 2
    assert "no series could be made" in done.error
    assert "nothing could change" in done.error
    assert json.loads(done.out)["statuses"] == {"skipped": 12}
    kept = generate("-i", path, "-o", tmp_path / "kept", "--json")
    assert kept.code == 2
    assert "nothing could change in any of 12 series" in kept.error
    assert json.loads(kept.out)["statuses"] == {"done": 12}


def test_an_empty_mask_beside_a_library(
    generate: Changen, town: Callable[..., Path], outlines: Callable[..., Path], tmp_path: Path, out: Path
) -> None:
    path = town(tmp_path / "in", labels="mask")
    with rasterio.open(tmp_path / "in" / "town_mask.tif", "r+") as file:
        file.write(np.zeros((300, 500), np.uint8), 1)
    library = outlines(tmp_path / "library.gpkg", [shapely.box(0, 0, 20, 14)])
    assert generate("-i", path, "-o", out, "--library", library).code == 0
    assert all(sample.mask[1].any() for sample in read_whole(out))


def test_no_crs_with_a_vector(generate: Changen, town: Callable[..., Path], tmp_path: Path, out: Path) -> None:
    path = town(tmp_path, georeferenced=False)
    refused(generate("-i", path, "-o", out), out, path, "georeference")


def test_no_crs_with_a_vector_in_pixels(
    generate: Changen, town: Callable[..., Path], town_houses: tuple[shapely.Polygon, ...], tmp_path: Path, out: Path
) -> None:
    import geopandas

    path = town(tmp_path, georeferenced=False, labels=None)
    geopandas.GeoDataFrame(geometry=list(town_houses)).to_file(tmp_path / "houses.gpkg")
    words = ["-i", path, "--footprints", tmp_path / "houses.gpkg", "--footprints-crs", "pixel", "-o", out]
    assert generate(*words).code == 0
    sample = read_whole(out)[0]
    assert (sample.crs, sample.transform) == (None, None)
    assert sample.mask[0].any()


def test_a_vector_without_a_crs(
    generate: Changen,
    town: Callable[..., Path],
    town_houses: tuple[shapely.Polygon, ...],
    outlines: Callable[..., Path],
    tmp_path: Path,
    out: Path,
) -> None:
    path = town(tmp_path, labels=None)
    silent = outlines(tmp_path / "silent.gpkg", town_houses, crs=None)
    refused(generate("-i", path, "--footprints", silent, "-o", out), out, silent, "--footprints-crs")
    assert generate("-i", path, "--footprints", silent, "--footprints-crs", "EPSG:32636", "-o", out).code == 0


def test_nan(generate: Changen, town: Callable[..., Path], town_image: UInt8Array, tmp_path: Path, out: Path) -> None:
    pixels = town_image.astype(np.float32)
    pixels[:, :140, :140] = np.nan
    pixels[:, 200:210, 200:210] = np.inf
    path = town(tmp_path / "in", pixels=pixels)
    done = generate("-i", path, "-o", out, "--rescale", "0:255", "--json")
    assert done.code == 0, done.err
    summary = json.loads(done.out)
    assert summary["statuses"]["skipped"] == 1
    assert summary["problems"][0]["id"] == "town__r000000_c000000"
    assert "only 0% of the pixels are valid" in summary["problems"][0]["reason"]
    data = read_whole(out)
    assert not all(sample.valid.all() for sample in data)
    for sample in data:
        assert not sample.image[:, :, ~sample.valid].any()
        assert not sample.mask[:, ~sample.valid].any()


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_more_than_8_bits(
    generate: Changen, town: Callable[..., Path], town_image: UInt8Array, tmp_path: Path, out: Path, dtype: str
) -> None:
    path = town(tmp_path / "in", pixels=(town_image.astype(dtype) * 10))
    refused(generate("-i", path, "-o", out), out, path, dtype, "--rescale")
    refused(generate("-i", path, "-o", out, "--rescale", "9:9"), out, "9:9")
    assert generate("-i", path, "-o", out, "--rescale", "0:2550").code == 0
    np.testing.assert_array_equal(open_series(out)[0].image[0], town_image[:, :128, :128])


@pytest.mark.parametrize(("count", "bands"), [(1, "1,1,1"), (5, "3,2,1")])
def test_other_numbers_of_bands(
    generate: Changen,
    town: Callable[..., Path],
    town_image: UInt8Array,
    tmp_path: Path,
    out: Path,
    count: int,
    bands: str,
) -> None:
    pixels = np.concatenate([town_image, town_image])[:count]
    path = town(tmp_path / "in", pixels=pixels, photometric="minisblack")
    refused(generate("-i", path, "-o", out), out, path, "band", "--bands")
    refused(generate("-i", path, "-o", out, "--bands", "1,2,9"), out, path, "no band 9")
    refused(generate("-i", path, "-o", out, "--bands", "1,2"), out, "--bands 1,2")
    assert generate("-i", path, "-o", out, "--bands", bands).code == 0
    chosen = pixels[[int(b) - 1 for b in bands.split(",")]]
    np.testing.assert_array_equal(open_series(out)[0].image[0], chosen[:, :128, :128])


def test_polygons_without_area_and_across_themselves(
    generate: Changen, town: Callable[..., Path], outlines: Callable[..., Path], tmp_path: Path, out: Path
) -> None:
    path = town(tmp_path / "in", labels=None)
    line = shapely.Polygon([(200, 20), (260, 20), (200, 20)])
    broken = outlines(tmp_path / "broken.gpkg", [BOW, line, shapely.box(150, 150, 180, 170)])
    assert generate("-i", path, "--footprints", broken, "-o", out, "--events", "remove,create").code == 0
    counts = open_series(out).manifest["scenes"][0]["footprints"]["on_scene"]
    assert counts["repaired"] == 1
    assert counts["zero_area"] == 1
    (first,) = (sample for sample in read_whole(out) if sample.id == "town__r000000_c000000")
    assert first.mask[0].any()


def test_nothing_but_polygons_without_area(
    generate: Changen, town: Callable[..., Path], outlines: Callable[..., Path], tmp_path: Path, out: Path
) -> None:
    path = town(tmp_path / "in", labels=None)
    flat = outlines(tmp_path / "flat.gpkg", [shapely.Polygon([(200, 20), (260, 20), (200, 20)])])
    refused(generate("-i", path, "--footprints", flat, "-o", out), out, flat, "zero area", "give building outlines")


def test_a_mask_of_instances(generate: Changen, town: Callable[..., Path], tmp_path: Path, out: Path) -> None:
    path = town(tmp_path / "in", labels="instances")
    assert generate("-i", path, "-o", out).code == 0
    uids = {int(uid) for sample in read_whole(out) for uid in np.unique(sample.instance[0])} - {0}
    with rasterio.open(tmp_path / "in" / "town_mask.tif") as file:
        assert uids <= set(np.unique(file.read(1)).tolist())
    assert min(uids) >= 300


def test_a_mask_that_is_a_photograph(generate: Changen, town: Callable[..., Path], tmp_path: Path, out: Path) -> None:
    path = town(tmp_path, labels=None)
    other = town(tmp_path, "photo", labels=None)
    refused(generate("-i", path, "--masks", other, "-o", out), out, other, "mask")


def test_a_list_with_an_unreadable_path(
    generate: Changen, town: Callable[..., Path], tmp_path: Path, out: Path
) -> None:
    town(tmp_path / "in")
    listed = tmp_path / "in" / "list.txt"
    listed.write_text("town.tif\n\ngone.tif\n")
    refused(generate("-i", listed, "-o", out), out, f"{listed}, line 3: gone.tif: no such readable file")


def test_inputs_that_are_not_there(generate: Changen, town: Callable[..., Path], tmp_path: Path, out: Path) -> None:
    refused(generate("-i", tmp_path / "no", "-o", out), out, tmp_path / "no", "no such file or folder")
    (tmp_path / "empty").mkdir()
    refused(generate("-i", tmp_path / "empty", "-o", out), out, tmp_path / "empty", "no rasters in it")
    alone = town(tmp_path / "alone", labels=None)
    refused(generate("-i", alone, "-o", out), out, alone, "has no footprints", "--masks")


def test_scenes_of_which_some_cannot_be_used(
    generate: Changen, town: Callable[..., Path], tmp_path: Path, out: Path
) -> None:
    town(tmp_path / "in", "good", size=(128, 128))
    bad = town(tmp_path / "in", "bad", size=(128, 128))
    bad.write_bytes(b"II*\x00")
    done = generate("-i", tmp_path / "in", "-o", out, "--json")
    assert done.code == 1
    assert [line for line in done.err.splitlines() if line.startswith(f"scene bad cannot be used: {bad}: ")]
    summary = json.loads(done.out)
    assert summary["exit_code"] == 1
    assert [scene["id"] for scene in summary["unusable"]] == ["bad"]
    assert [scene["id"] for scene in open_series(out).manifest["unusable_scenes"]] == ["bad"]


def test_scenes_none_of_which_can_be_used(
    generate: Changen, town: Callable[..., Path], tmp_path: Path, out: Path
) -> None:
    for name in ("one", "two"):
        town(tmp_path / "in", name, size=(128, 128)).write_bytes(b"II*\x00")
    done = generate("-i", tmp_path / "in", "-o", out)
    refused(done, out, "one.tif: cannot be opened", "the first of 2 scenes, none of which can be used")
    assert done.err.count("\n") == 1
