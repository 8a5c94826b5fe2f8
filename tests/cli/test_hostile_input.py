"""What attackers brought: each case costs its scene, named, or is one line; never a hang, nor gigabytes."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine

from changen_cli.types import UInt8Array
from tests.commands import Changen, refused

Town = Callable[..., Path]


def only_bad_is_lost(generate: Changen, folder: Path, out: Path, bad: Path, *words: object) -> str:
    """Runs a folder of one good scene and one bad one; returns what was said of the bad one."""
    done = generate("-i", folder, "-o", out, *words, "--json")
    summary = json.loads(done.out)
    assert done.code == 1, done.err
    assert summary["statuses"].get("done", 0) > 0
    lines = [line for line in done.err.splitlines() if "cannot be used" in line]
    assert len(lines) == 1
    assert str(bad) in lines[0]
    assert "Warning" not in done.err
    return lines[0]


def of_size(path: Path, width: int, height: int) -> None:
    """Writes other sizes into the header of a little-endian TIFF."""
    content = bytearray(path.read_bytes())
    (directory,) = struct.unpack_from("<I", content, 4)
    (entries,) = struct.unpack_from("<H", content, directory)
    for place in range(directory + 2, directory + 2 + 12 * entries, 12):
        (tag,) = struct.unpack_from("<H", content, place)
        if tag in (256, 257):
            struct.pack_into("<HII", content, place + 2, 4, 1, width if tag == 256 else height)
    path.write_bytes(content)


def test_a_tiff_that_says_it_is_endless(generate: Changen, town: Town, tmp_path: Path, out: Path) -> None:
    path = town(tmp_path, tiled=False)
    of_size(path, 2_147_483_647, 2_147_483_647)
    refused(generate("-i", path, "-o", out), out, path)
    striped = town(tmp_path / "striped", tiled=False)
    of_size(striped, 2_147_483_647, 1)
    refused(generate("-i", striped, "-o", out), out, striped, "blocks of 2147483647 x 1 pixels", "tile it")


def test_a_large_sparse_tiff_is_planned_at_once(generate: Changen, town: Town, tmp_path: Path, out: Path) -> None:
    path = town(tmp_path)
    profile = {"driver": "GTiff", "height": 100_000, "width": 100_000, "count": 3, "dtype": "uint8", "tiled": True}
    with rasterio.open(path) as file:
        place = {"crs": file.crs, "transform": file.transform}
    with rasterio.open(path, "w", **profile, **place, sparse_ok=True, compress="deflate"):
        pass
    done = generate("-i", path, "-o", out, "--dry-run", "--json", "--tile-size", 256)
    assert json.loads(done.out)["tiles"] == 391**2
    refused(generate("-i", path, "-o", out, "--max-pixels", 1e9), out, path, "1e+05 x 1e+05 pixels", "--max-pixels")


def test_a_png_that_is_too_large_to_be_decoded(generate: Changen, town: Town, tmp_path: Path, out: Path) -> None:
    path = town(tmp_path, labels=None)
    png = tmp_path / "town.png"
    with (
        rasterio.open(path) as file,
        rasterio.open(png, "w", driver="PNG", height=300, width=500, count=3, dtype="uint8") as to,
    ):
        to.write(file.read())
    town(tmp_path, labels="mask")
    mask = tmp_path / "town_mask.tif"
    words = ["-i", png, "--masks", mask, "-o", out]
    refused(generate(*words, "--max-decoded", 100_000), out, png, "PNG of 500 x 300", "gdal_translate", "--max-decoded")
    assert generate(*words, "--max-decoded", 150_000).code == 0


@pytest.mark.parametrize("resolution", ["1e-320", "1e-12", "0.001"])
def test_a_resolution_that_makes_too_many_pixels(
    generate: Changen, town: Town, tmp_path: Path, out: Path, resolution: str
) -> None:
    path = town(tmp_path, transform=Affine(1e4, 0, 500_000, 0, -1e4, 20_000))
    refused(generate("-i", path, "-o", out, "--resolution", resolution), out, "resolution")


@pytest.mark.parametrize(
    "transform",
    [
        Affine(0, 0, 500_000, 0, 0, 20_000),
        Affine(0.5, 0.5, 500_000, 0.5, 0.5, 20_000),
        Affine(float("nan"), 0, 500_000, 0, -0.5, 20_000),
        Affine(float("inf"), 0, 500_000, 0, -0.5, 20_000),
        Affine(1e-320, 0, 500_000, 0, -1e-320, 20_000),
    ],
    ids=["zero", "singular", "nan", "inf", "tiny"],
)
def test_a_transform_that_cannot_be_used(
    generate: Changen, town: Town, tmp_path: Path, out: Path, transform: Affine
) -> None:
    town(tmp_path / "in", "good")
    bad = town(tmp_path / "in", "bad", transform=transform)
    assert "gdal_edit.py" in only_bad_is_lost(generate, tmp_path / "in", out, bad)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--tile-size", 2_147_483_648], "from 16 to 65536"),
        (["--tile-size", 65_536], "--max-shard-gb"),
        (["--steps", 2_147_483_648], "from 1 to 10000"),
        (["--variants", 2_147_483_648], "from 1 to 1000000"),
        (["--batch-size", 9_223_372_036_854_775_808], "from 1 to 65536"),
        (["--shard-samples", 10**30], "from 1 to 1000000"),
        (["--shard-samples", 1_000_000], "--shard-samples 1000000 take"),
        (["--changes-per-step", f"1:{10**22}"], "100000"),
        (["--events", "create=1e308,remove=1e308"], "from 1e-9 to 1e9"),
        (["--format", "geotiff", "--co", "NBITS=1"], "images have 8 bits"),
    ],
)
def test_options_beyond_any_use(
    generate: Changen, town: Town, tmp_path: Path, out: Path, words: list[object], expected: str
) -> None:
    refused(generate("-i", town(tmp_path), "-o", out, *words), out, expected)


def test_pipes_in_place_of_files(generate: Changen, town: Town, tmp_path: Path, out: Path) -> None:
    for name in ("list.txt", "raster.tif", "config.yaml", "houses.geojson"):
        os.mkfifo(tmp_path / name)
    path = town(tmp_path / "in")
    houses = tmp_path / "in" / "town_buildings.gpkg"
    refused(generate("-i", tmp_path / "list.txt", "-o", out), out, "list.txt", "is a pipe")
    raster = tmp_path / "raster.tif"
    refused(generate("-i", raster, "--footprints", houses, "-o", out), out, "raster.tif", "is a pipe")
    refused(generate("-i", path, "--exclude", tmp_path / "houses.geojson", "-o", out), out, "is a pipe")
    refused(generate("-i", path, "--config", tmp_path / "config.yaml", "-o", out), out, "config.yaml", "is a pipe")


def test_a_deep_config(generate: Changen, tmp_path: Path, out: Path) -> None:
    config = tmp_path / "deep.yaml"
    config.write_text("steps: " + "[" * 2_000 + "]" * 2_000)
    refused(generate("-i", tmp_path, "--config", config, "-o", out), out, config, "nested too deep")


def test_a_name_that_is_not_utf8(generate: Changen, town: Town, tmp_path: Path, out: Path) -> None:
    town(tmp_path / "in", "good")
    town(tmp_path / "other", "bad")
    for name in ("bad.tif", "bad_buildings.gpkg"):
        os.rename(tmp_path / "other" / name, os.fsencode(tmp_path / "in") + b"/\xff" + name.encode())
    said = only_bad_is_lost(generate, tmp_path / "in", out, Path("\\udcffbad.tif"))
    assert "not UTF-8" in said
    json.loads((out / "manifest.json").read_text(encoding="utf-8"))


def write_geojson(path: Path, ring: list[list[float]]) -> Path:
    geometry = {"type": "Polygon", "coordinates": [ring]}
    feature = {"type": "Feature", "properties": {}, "geometry": geometry}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    return path


def test_coordinates_beyond_any_place(generate: Changen, town: Town, tmp_path: Path, out: Path) -> None:
    town(tmp_path / "in", "good")
    town(tmp_path / "in", "bad", labels=None)
    ring = [[1e308, 1e308], [1e308, -1e308], [-1e308, -1e308], [1e308, 1e308]]
    houses = write_geojson(tmp_path / "in" / "bad_buildings.geojson", ring)
    only_bad_is_lost(generate, tmp_path / "in", out, houses)


def test_a_polygon_that_crosses_itself_a_million_times(
    generate: Changen, town: Town, outlines: Callable[..., Path], tmp_path: Path, out: Path
) -> None:
    path = town(tmp_path, labels=None)
    scribble = shapely.Polygon(np.random.default_rng(0).uniform((50, 50), (250, 250), (3_000, 2)))
    houses = outlines(tmp_path / "town_buildings.geojson", [scribble])
    refused(generate("-i", path, "-o", out), out, houses, "1 too tangled")


@pytest.mark.parametrize(
    "metadata",
    [b"null", b"[]", b"3", b"[" * 100_000, b'{"primary_column": [1]}', b'{"primary_column": "g", "columns": 3}'],
)
def test_geoparquet_metadata_of_wrong_types(
    generate: Changen, town: Town, tmp_path: Path, out: Path, metadata: bytes
) -> None:
    import geopandas
    import pyarrow.parquet

    town(tmp_path / "in", "good")
    town(tmp_path / "in", "bad", labels=None)
    path = tmp_path / "in" / "bad_buildings.parquet"
    geopandas.GeoDataFrame(geometry=[shapely.box(33, 0, 33.1, 0.1)], crs=4326).to_parquet(path)
    table = pyarrow.parquet.read_table(path)
    pyarrow.parquet.write_table(table.replace_schema_metadata({b"geo": metadata}), path)
    only_bad_is_lost(generate, tmp_path / "in", out, path)


@pytest.mark.parametrize("value", [1e38, 1e308])
def test_rescale_auto_of_pixels_that_are_huge(
    generate: Changen, town: Town, tmp_path: Path, out: Path, value: float
) -> None:
    pixels = np.full((3, 300, 500), value)
    pixels[:, ::2] *= -1 if value > 1e300 else 1
    town(tmp_path / "in", "good")
    bad = town(tmp_path / "in", "bad", pixels=pixels)
    if value > 1e300:
        assert "--rescale LOW:HIGH" in only_bad_is_lost(generate, tmp_path / "in", out, bad, "--rescale", "auto")
    else:
        done = generate("-i", tmp_path / "in", "-o", out, "--rescale", "auto")
        assert (done.code, "Warning" in done.err) == (0, False)


def test_a_mask_of_odd_values_costs_its_scene(generate: Changen, town: Town, tmp_path: Path, out: Path) -> None:
    town(tmp_path / "in", "good")
    town(tmp_path / "in", "bad", labels="mask")
    mask = tmp_path / "in" / "bad_mask.tif"
    with rasterio.open(mask, "w", driver="GTiff", height=300, width=500, count=1, dtype="float32") as file:
        file.write(np.full((1, 300, 500), -0.5, np.float32))
    only_bad_is_lost(generate, tmp_path / "in", out, mask)


def test_a_vrt_in_disguise(generate: Changen, town: Town, town_image: UInt8Array, tmp_path: Path, out: Path) -> None:
    real = town(tmp_path / "in", "real")
    bands = "".join(
        f'<VRTRasterBand dataType="Byte" band="{band}"><SimpleSource><SourceFilename>{real}</SourceFilename>'
        f"<SourceBand>{band}</SourceBand></SimpleSource></VRTRasterBand>"
        for band in (1, 2, 3)
    )
    vrt = f'<VRTDataset rasterXSize="500" rasterYSize="300">{bands}</VRTDataset>'
    town(tmp_path / "in", "bad", labels="mask")
    (tmp_path / "in" / "bad.tif").write_text(vrt)
    only_bad_is_lost(generate, tmp_path / "in", out, tmp_path / "in" / "bad.tif")
    (tmp_path / "honest.vrt").write_text(vrt)
    words = ["-i", tmp_path / "honest.vrt", "--masks", tmp_path / "in" / "bad_mask.tif", "-o", tmp_path / "vrt"]
    assert generate(*words).code == 0


def test_vectors_that_point_elsewhere(generate: Changen, town: Town, tmp_path: Path, out: Path) -> None:
    path = town(tmp_path, labels=None)
    pointer = tmp_path / "town_buildings.gpkg"
    pointer.write_text(
        '<OGRVRTDataSource><OGRVRTLayer name="h"><SrcDataSource>/etc/x</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'
    )
    refused(generate("-i", path, "-o", out), out, pointer, "points to others")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_standard_output_that_is_full() -> None:
    with open("/dev/full", "w") as full:
        words = [sys.executable, "-m", "changen_cli", "events", "list", "--json"]
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert done.stderr == "changen: error: standard output cannot be written (No space left on device)\n"


def test_little_memory(town: Town, tmp_path: Path) -> None:
    import resource

    words = [sys.executable, "-m", "changen_cli", "generate", "-i", str(town(tmp_path)), "-o", str(tmp_path / "out")]
    limit = 700_000_000
    done = subprocess.run(
        [*words, "--synthesizer", "copy"],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )
    assert done.returncode == 2, done.stderr
    assert "changen: error: not enough memory" in done.stderr
    assert "internal error" not in done.stderr
