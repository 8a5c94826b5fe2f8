"""Footprints of several classes, from the column of a file to the labels of SECOND."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import shapely
from PIL import Image

from changen_cli import open_series
from tests.commands import Changen
from tests.outputs import Tree

Town = Callable[..., Path]
Outlines = Callable[..., Path]
LAKE, ROAD = shapely.box(430, 10, 480, 80), shapely.box(0, 145, 500, 151)
CLASSES = ("--class-attribute", "kind", "--class-name", "2=water|lake", "--class-name", "1=building|yes")


@pytest.fixture
def mixed(town: Town, outlines: Outlines, town_houses: tuple[shapely.Polygon, ...], tmp_path: Path) -> Path:
    """A town whose file of footprints has houses, a lake and a road, and says which is which."""
    town(tmp_path / "in", labels=None)
    houses = [house for house in town_houses if not house.intersects(ROAD)]
    path = outlines(tmp_path / "in" / "town_buildings.gpkg", [*houses, LAKE, ROAD])
    frame = geopandas.read_file(path)
    frame["kind"] = ["yes"] * len(houses) + ["Lake", "road"]
    path.unlink()
    frame.to_file(path)
    return tmp_path / "in"


def run(generate: Changen, mixed: Path, *words: object) -> Any:
    return generate("-i", mixed, "-o", mixed.parent / "out", "--tile-size", "500", "--edges", "pad", *words)


def test_what_no_class_was_said_for_is_named(generate: Changen, mixed: Path) -> None:
    done = run(generate, mixed, *CLASSES)
    assert done.code == 2
    assert "town_buildings.gpkg: the column 'kind' says of 1 footprints what is no class: 'road' (1)" in done.err
    done = run(generate, mixed, "--class-attribute", "sort")
    assert done.code == 2
    assert "has no column 'sort'; it has 'kind'" in done.err


def test_from_a_column_to_the_labels_of_second(generate: Changen, changen: Changen, mixed: Path, tree: Tree) -> None:
    road = ("--class-name", "3=low vegetation|road")
    done = run(generate, mixed, *CLASSES, *road, "--synthesizer", "copy", "--min-valid", "0", "--changes-per-step", "9")
    assert done.code == 0, done.err
    out = mixed.parent / "out"
    (series,) = open_series(out)
    assert series.mask is not None
    assert set(np.unique(series.mask)) == {0, 1, 2, 3}
    assert {c.event for c in series.changes} == {"create", "remove"}
    for change in series.changes:  # lakes and roads stay, and nothing is built on them or in their shape
        found = change.after or change.before
        assert found is not None
        assert found.category == 1
        assert found.polygon.area < 1000
    for number in (2, 3):
        assert np.array_equal(series.mask[0] == number, series.mask[1] == number)
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["arguments"]["class_attribute"] == "kind"
    assert manifest["scenes"][0]["footprints"]["classes"] == {"1": 61, "2": 1, "3": 1}
    # a removed lake, from the same file
    wet = ("--events", "remove", "--event-option", "remove.classes=2", "--changes-per-step", "1", "--overwrite")
    assert run(generate, mixed, *CLASSES, *road, "--synthesizer", "copy", "--min-valid", "0", *wet).code == 0
    assert changen("export", out, "--layout", "second", "-o", mixed.parent / "SECOND").code == 0
    (before,) = (mixed.parent / "SECOND").glob("*/label1/*.png")
    (after,) = (mixed.parent / "SECOND").glob("*/label2/*.png")
    with Image.open(before) as one, Image.open(after) as two:
        numbers = np.asarray(one), np.asarray(two)
    assert [sorted(set(np.unique(n).tolist())) for n in numbers] == [[0, 1], [0, 2]]  # water, then ground
    # and made again from its recipe
    assert changen("recipe", out, "-o", mixed.parent / "recipe").code == 0
    assert changen("replay", mixed.parent / "recipe", "-o", mixed.parent / "again", "--workers", "0").code == 0
    assert {k: v for k, v in tree(out).items() if "lock" not in k} == {
        k: v for k, v in tree(mixed.parent / "again").items() if "lock" not in k
    }


def test_a_network_that_knows_buildings_keeps_the_rest_as_ground(
    generate: Changen, mixed: Path, tiny_weights: Path
) -> None:
    road = ("--class-name", "3=road")
    words = (*CLASSES, *road, "--synthesizer", "changen", "--weights", tiny_weights, "--min-valid", "0")
    done = run(generate, mixed, *words, "--event-option", "remove.classes=1:2")
    assert done.code == 2
    assert "the event 'remove' changes objects of class 2, but the weights 'tiny' know class 1 alone" in done.err
    done = run(generate, mixed, *words)
    assert done.code == 0, done.err
    assert "1 of class 2 (water), 1 of class 3 (road)" in done.err
    (series,) = open_series(mixed.parent / "out")
    assert series.mask is not None
    assert (series.mask == 3).any()
