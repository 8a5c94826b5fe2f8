from __future__ import annotations

import pickle

import numpy as np
import pytest

from changen_cli.scenes import pool as module
from changen_cli.scenes.discover import find_scenes
from changen_cli.scenes.options import ReadOptions
from changen_cli.scenes.pool import ScenePool


@pytest.fixture
def pool(write_raster, image, tmp_path):
    for name in "abcd":
        write_raster(f"{name}.png", image, georeferenced=False)
    return ScenePool(find_scenes([str(tmp_path)], require_labels=False), ReadOptions(), size=2)


def test_least_used_is_closed(pool, image):
    first, second = pool.get(0), pool.get(1)
    assert pool.get(0) is first
    third = pool.get(2)
    assert np.array_equal(third.read_all().image, image)
    with pytest.raises(ValueError, match="closed"):
        second.read_all()
    assert first.read_all().scene == "a"
    pool.close()
    with pytest.raises(ValueError, match="closed"):
        first.read_all()


def test_what_is_kept_in_memory_is_bounded(pool, monkeypatch):
    monkeypatch.setattr(module, "_KEPT_BYTES", 1)
    first = pool.get(0)
    first.read_all()
    pool.get(1)
    with pytest.raises(ValueError, match="closed"):
        first.read_all()


def test_a_copy_opens_its_own_files(pool, monkeypatch):
    mine = pool.get(0)
    copy = pickle.loads(pickle.dumps(pool))
    assert copy.get(0) is not mine
    monkeypatch.setattr(module.os, "getpid", lambda: -1)
    assert pool.get(0) is not mine
    assert mine.read_all().scene == "a"
