from __future__ import annotations

import pickle

import pytest

from changen_cli.errors import UsageError
from changen_cli.scenes.options import ReadOptions


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"bands": (0, 1, 2)}, "bands '0,1,2'"),
        ({"bands": (1, 2)}, "give three band numbers"),
        ({"rescale": "3000"}, "LOW:HIGH"),
        ({"rescale": "5:5"}, "LOW below HIGH"),
        ({"rescale": "0:nan"}, "LOW:HIGH"),
        ({"resolution": 0.0}, "metres per pixel above 0"),
        ({"resolution": float("nan")}, "metres per pixel above 0"),
        ({"min_area": -1.0}, "min_area -1"),
        ({"footprints_crs": "EPSG:1"}, "'EPSG:1' is not known"),
    ],
)
def test_unusable_values(arguments, message):
    with pytest.raises(UsageError, match=message):
        ReadOptions(**arguments)


def test_limits():
    assert ReadOptions(rescale="0:3000").limits() == (0.0, 3000.0)
    assert ReadOptions(rescale="-1.5:2e3").limits() == (-1.5, 2000.0)
    assert ReadOptions(rescale="auto").limits() is None
    assert ReadOptions().limits() is None


def test_travels_to_workers():
    options = ReadOptions(bands=(3, 2, 1), rescale="auto", resolution=0.5, footprints_crs="pixel")
    assert pickle.loads(pickle.dumps(options)) == options
