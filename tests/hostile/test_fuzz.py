"""Every reader against files that were good once: a ChangenError or success, in bounded time and memory.

Deterministic: the same cases every time; ``tests/hostile/test_fuzz_store.py`` counts them.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import shapely
import yaml
from hypothesis import given
from hypothesis import strategies as st

from changen_cli.cli.main import main
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.scenes.discover import find_scenes
from changen_cli.scenes.footprints.library import read_library
from changen_cli.scenes.image.rasters import BlockCache
from changen_cli.scenes.options import ReadOptions
from changen_cli.scenes.scene import open_scene
from changen_cli.scenes.source import LabelSource, SceneSource
from changen_cli.scenes.window import TileGrid
from changen_cli.training.config.parse import parse_run
from changen_cli.training.config.recipes import read_recipe
from changen_cli.weights.card import find_weights
from changen_cli.weights.load import load_network
from tests.fixtures.town import ORIGIN, UTM, draw_town, write_outlines, write_town
from tests.fixtures.weights import write_untrained
from tests.hostile.mutation import BINARY, TEXT, Change, altered, cases, owed

SIZE = (64, 96)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Good files of every kind, small."""
    folder = tmp_path_factory.mktemp("good")
    houses = draw_town(*SIZE)[1]
    write_town(folder, labels="mask", size=SIZE, compress="deflate")
    with rasterio.open(folder / "town.tif") as image, rasterio.open(folder / "town_mask.tif") as mask:
        profile = {"driver": "PNG", "height": SIZE[0], "width": SIZE[1], "dtype": "uint8"}
        for name, source in (("image.png", image), ("mask.png", mask)):
            with rasterio.open(folder / name, "w", **profile, count=source.count) as file:
                file.write(source.read())
    for suffix in (".geojson", ".gpkg", ".shp", ".fgb"):
        write_outlines(folder / f"houses{suffix}", houses)
    import geopandas

    geopandas.read_file(folder / "houses.gpkg").to_parquet(folder / "houses.parquet", write_covering_bbox=True)
    (folder / "label.json").write_text(json.dumps(_xbd(houses)))
    write_untrained(folder / "w.safetensors", "segmenter")
    return folder


def _xbd(houses: tuple[shapely.Polygon, ...]) -> dict[str, Any]:
    def features(move: Callable[[Any], Any]) -> list[dict[str, Any]]:
        return [
            {
                "properties": {"feature_type": "building", "uid": str(number)},
                "wkt": shapely.to_wkt(shapely.transform(house, move)),
            }
            for number, house in enumerate(houses)
        ]

    degrees = features(lambda xy: xy * (4e-6, -4e-6) + (33.0, 0.18))
    return {
        "features": {"xy": features(lambda xy: xy), "lng_lat": degrees},
        "metadata": {"width": SIZE[1], "height": SIZE[0], "gsd": 1.5},
    }


def read(image: Path, labels: LabelSource | None, **options: Any) -> None:
    """Reads a scene as a run does: opened, described, a tile, outlines."""
    source = SceneSource("s", str(image), labels)
    with open_scene(source, ReadOptions(**options), BlockCache()) as scene:
        scene.as_manifest()
        grid = TileGrid(scene.height, scene.width, 64)
        scene.read(grid[0])
        scene.read(grid[len(grid) - 1])
        scene.outlines(16)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """Where altered files go; emptied at the end, since many cases share it."""
    yield tmp_path
    shutil.rmtree(tmp_path, ignore_errors=True)


@cases("test_tiff", 60)
@given(changes=BINARY, how=st.sampled_from([{}, {"resolution": 0.7}, {"rescale": "auto"}]))
def test_tiff(good: Path, place: Path, changes: list[Change], how: dict[str, Any]) -> None:
    image = altered(place / "a.tif", (good / "town.tif").read_bytes(), changes)
    with owed():
        read(image, LabelSource("vector", str(good / "houses.gpkg")), **how)


@cases("test_tiff_mask", 60)
@given(changes=BINARY)
def test_tiff_mask(good: Path, place: Path, changes: list[Change]) -> None:
    mask = altered(place / "m.tif", (good / "town_mask.tif").read_bytes(), changes)
    with owed():
        read(good / "town.tif", LabelSource("mask", str(mask)))


@cases("test_png", 60)
@given(changes=BINARY, of_mask=st.booleans())
def test_png(good: Path, place: Path, changes: list[Change], of_mask: bool) -> None:
    name = "mask.png" if of_mask else "image.png"
    png = altered(place / name, (good / name).read_bytes(), changes)
    with owed():
        read(good / "image.png" if of_mask else png, LabelSource("mask", str(png if of_mask else good / "mask.png")))


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg", ".shp", ".fgb", ".parquet"])
@cases("test_vectors", 40, 5)
@given(data=st.data(), also=st.sampled_from(["footprints", "exclude", "library"]))
def test_vectors(good: Path, place: Path, suffix: str, data: st.DataObject, also: str) -> None:
    changes: list[Change] = [*(data.draw(TEXT) if suffix == ".geojson" else data.draw(BINARY))]
    path = place / f"houses{suffix}"
    content = (good / path.name).read_bytes()
    if suffix == ".shp":
        for name in ("houses.dbf", "houses.prj", "houses.shx"):
            shutil.copy(good / name, place)
        if data.draw(st.booleans()):
            shutil.copy(good / "houses.shp", place)
            path = place / data.draw(st.sampled_from(["houses.dbf", "houses.prj", "houses.shx"]))
            content = path.read_bytes()
    altered(path, content, changes)
    path = place / f"houses{suffix}"
    with owed():
        if also == "library":
            read_library(str(path)).outlines_at(0.5)
        elif also == "exclude":
            read(good / "town.tif", None, exclude=str(path))
        else:
            read(good / "town.tif", LabelSource("vector", str(path)))


COORDINATES = st.lists(
    st.tuples(*[st.sampled_from([0, 10, 50, 60.5, -1e5, 1e9, 1e18, 1e154, 1e308, -1e308, 1e-320])] * 2),
    min_size=0,
    max_size=7,
)


@cases("test_coordinates", 60)
@given(rings=st.lists(COORDINATES, max_size=3), pixel=st.booleans(), repeat=st.sampled_from([1, 40]))
def test_coordinates(good: Path, place: Path, rings: list[Any], pixel: bool, repeat: int) -> None:
    closed = [[*ring, *ring[:1]] for ring in rings]
    features = [{"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": closed}}] * repeat
    path = place / "c.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    with owed():
        read(good / "town.tif", LabelSource("vector", str(path)), footprints_crs="pixel" if pixel else None)


@cases("test_xbd", 80)
@given(changes=TEXT)
def test_xbd(good: Path, place: Path, changes: list[Change]) -> None:
    label = altered(place / "l.json", (good / "label.json").read_bytes(), changes)
    with owed():
        read(good / "image.png", LabelSource("xbd", str(label)))


EXTREME = st.sampled_from([0.0, -0.0, 1e-320, 1e-9, 0.5, 1.0, 1e9, 1e154, 1e300, -0.5, float("inf"), float("nan")])


@cases("test_transforms_and_values", 80)
@given(
    numbers=st.tuples(*[EXTREME] * 6),
    dtype=st.sampled_from(["uint8", "float32", "float64"]),
    value=st.sampled_from([0.0, 1.0, 1e38, -1e38, 1e308, float("nan"), float("inf")]),
    how=st.sampled_from([{}, {"resolution": 0.5}, {"rescale": "auto"}, {"rescale": "auto", "resolution": 1.0}]),
)
def test_transforms_and_values(
    good: Path, place: Path, numbers: tuple[float, ...], dtype: str, value: float, how: dict[str, Any]
) -> None:
    path = place / "t.tif"
    with np.errstate(all="ignore"):
        pixels = np.full((3, 8, 8), value if dtype != "uint8" else 7).astype(dtype)
        pixels[:, ::2] = 3
    profile = {"driver": "GTiff", "height": 8, "width": 8, "count": 3, "dtype": dtype, "crs": UTM}
    transform = ORIGIN if numbers[0] == 1.0 else rasterio.Affine(*numbers)
    with rasterio.open(path, "w", **profile, transform=transform) as file:
        file.write(pixels)
    with owed():
        read(path, LabelSource("vector", str(good / "houses.gpkg")), **how, max_pixels=1e7)


@cases("test_recipes", 80)
@given(changes=TEXT)
def test_recipes(place: Path, changes: list[Change]) -> None:
    from changen_cli.training.config.recipes import RECIPES

    recipe = altered(place / "r.yaml", (RECIPES / "compact.yaml").read_bytes(), changes)
    with owed():
        parse_run(read_recipe(str(recipe)))


@cases("test_cards", 60)
@given(changes=TEXT)
def test_cards(good: Path, place: Path, changes: list[Change]) -> None:
    shutil.copy(good / "w.safetensors", place)
    altered(place / "w.yaml", (good / "w.yaml").read_bytes(), changes)
    with owed():
        load_network(str(place / "w.safetensors"))


ARGUMENTS: st.SearchStrategy[Any] = st.sampled_from(
    [0, -1, 1.5, 2, 2**31, 10**6, 10**30, float("nan"), float("inf"), "x", None, True, [], {}, [8] * 6, [10**9] * 6]
)


@cases("test_arguments_of_cards", 60)
@given(
    model=st.sampled_from(["changen", "spade", "oasis", "deepfill", "segmenter", "changelite", "changestar", "none"]),
    arguments=st.dictionaries(
        st.sampled_from(["classes", "width", "hidden", "noise_dim", "groups", "looks", "memory", "pyramid"]),
        ARGUMENTS,
        max_size=3,
    ),
)
def test_arguments_of_cards(good: Path, place: Path, model: str, arguments: dict[str, Any]) -> None:
    shutil.copy(good / "w.safetensors", place)
    card = yaml.safe_load((good / "w.yaml").read_text())
    (place / "w.yaml").write_text(yaml.safe_dump(card | {"architecture": model, "arguments": arguments}))
    with owed():
        load_network(str(place / "w.safetensors"))


@cases("test_safetensors", 60)
@given(changes=BINARY)
def test_safetensors(good: Path, place: Path, changes: list[Change]) -> None:
    from changen_cli.weights.card import file_sha256

    path = altered(place / "w.safetensors", (good / "w.safetensors").read_bytes(), changes)
    card = yaml.safe_load((good / "w.yaml").read_text())
    (place / "w.yaml").write_text(yaml.safe_dump(card | {"sha256": file_sha256(path)}))
    with owed():
        find_weights(str(path))
        load_network(str(path))


VALUES = st.sampled_from(
    [
        *("0", "-1", "1", "nan", "inf", "1e308", "1e-320", "2147483648", str(10**30), "", "x", "1:2", "2:1", "1,2,3"),
        *("0:99999999999", "1e308,1e308,1e308", "create=1e308,remove=1", "auto", "\udcff", "a\0b", "é", "[", "a=b"),
        "1" * 400,
    ]
)


@cases("test_options", 600)
@given(given_values=st.dictionaries(st.sampled_from(sorted(GenerateOptions.__dataclass_fields__)), VALUES, max_size=4))
def test_options(given_values: dict[str, Any]) -> None:
    with owed():
        options = GenerateOptions(**({"inputs": ("nowhere",)} | given_values))
        options.schedule()
        options.chosen_conditions()
        options.read_options()


@cases("test_config_files", 40)
@given(changes=TEXT)
def test_config_files(place: Path, capfd: pytest.CaptureFixture[str], changes: list[Change]) -> None:
    content = b'input: nowhere\nsteps: 3\nevents: "create=2,remove"\nchanges-per-step: "1:5"\nsplit: "0.8,0.1,0.1"\n'
    config = altered(place / "c.yaml", content, changes)
    with owed(), pytest.raises(SystemExit) as stop:
        main(["generate", "--config", str(config), "--output", str(place / "out"), "--dry-run"])
    said = capfd.readouterr().err
    assert stop.value.code == 2
    assert "internal error" not in said
    assert "Traceback" not in said


@cases("test_lists", 400)
@given(content=st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_lists(place: Path, content: bytes) -> None:
    path = place / "l.txt"
    path.write_bytes(content)
    with owed():
        find_scenes([str(path)])
