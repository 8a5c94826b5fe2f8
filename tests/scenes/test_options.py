from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

from changen_cli.errors import UsageError
from changen_cli.scenes.options import ReadOptions


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"bands": (0, 1, 2)}, "--bands"),
        ({"bands": "1,2"}, "must be three band numbers"),
        ({"rescale": "3000"}, "--rescale 3000: must be LOW:HIGH"),
        ({"rescale": "5:5"}, "LOW below HIGH"),
        ({"rescale": "0:nan"}, "LOW:HIGH"),
        ({"resolution": 0.0}, "--resolution 0.0: must be native or a number from 0.001 to 100000"),
        ({"resolution": float("nan")}, "must be native or a number from 0.001 to 100000"),
        ({"resolution": float("inf")}, "must be native or a number from 0.001 to 100000"),
        ({"min_area": -1.0}, "--min-area -1.0: must be a number of at least 0"),
        ({"footprints_crs": "EPSG:1"}, "--footprints-crs EPSG:1: must be a code such as EPSG:32633"),
    ],
)
def test_unusable_values(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        ReadOptions(**arguments)


def test_text_becomes_values() -> None:
    values: dict[str, Any] = {"bands": "3,2,1", "resolution": "0.5", "exclude": Path("water.gpkg")}
    read = ReadOptions(**values)
    assert (read.bands, read.resolution, read.exclude) == ((3, 2, 1), 0.5, "water.gpkg")


def test_limits() -> None:
    assert ReadOptions(rescale="0:3000").limits() == (0.0, 3000.0)
    assert ReadOptions(rescale="-1.5:2e3").limits() == (-1.5, 2000.0)
    assert ReadOptions(rescale="auto").limits() is None
    assert ReadOptions().limits() is None


def test_travels_to_workers() -> None:
    options = ReadOptions(bands=(3, 2, 1), rescale="auto", resolution=0.5, footprints_crs="pixel")
    assert pickle.loads(pickle.dumps(options)) == options
