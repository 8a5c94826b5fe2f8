from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from changen_cli.scenes.discover import find_scenes
from changen_cli.scenes.image.rasters import BlockCache
from changen_cli.scenes.options import ReadOptions
from changen_cli.scenes.pool import ScenePool
from changen_cli.scenes.source import SceneSource
from changen_cli.types import UInt8Array
from tests.scenes.writing import WriteRaster


@pytest.fixture
def sources(write_raster: WriteRaster, image: UInt8Array, tmp_path: Path) -> list[SceneSource]:
    for name in "abcd":
        write_raster(f"{name}.png", image, georeferenced=False)
    return find_scenes([str(tmp_path)], require_labels=False)


@pytest.fixture
def pool(sources: list[SceneSource]) -> ScenePool:
    return ScenePool(sources, ReadOptions(), size=2)


def test_least_used_is_closed(pool: ScenePool, image: UInt8Array) -> None:
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


def test_what_is_kept_in_memory_is_bounded(sources: list[SceneSource]) -> None:
    pool = ScenePool(sources, ReadOptions(), size=2, kept_bytes=1)
    first = pool.get(0)
    first.read_all()
    pool.get(1)
    with pytest.raises(ValueError, match="closed"):
        first.read_all()


def test_the_scenes_of_a_pool_share_a_block_cache(write_raster: WriteRaster) -> None:
    cache = BlockCache(1000)
    wide = SceneSource("wide", write_raster("wide.tif", np.ones((3, 8, 40), np.uint8)))
    mask = SceneSource("tiled", write_raster("b.tif", np.ones((3, 64, 64), np.uint8), tiled=True, blockysize=16))
    pool = ScenePool([wide, mask], ReadOptions(), cache=cache)
    pool.get(0)
    assert cache.size == 40 * 3 * 768
    pool.get(1)
    assert cache.size == 40 * 3 * 768


def test_a_copy_opens_its_own_files(pool: ScenePool) -> None:
    mine = pool.get(0)
    copy = pickle.loads(pickle.dumps(pool))
    assert copy.get(0) is not mine
    assert mine.read_all().scene == "a"


def test_a_forked_process_opens_its_own_files_and_leaves_the_parents_open(pool: ScenePool) -> None:
    mine = pool.get(0)
    child = os.fork()
    if not child:  # os._exit, since the child must run none of the cleaning up of pytest
        other = pool.get(0)
        own = other is not mine and other.read_all().scene == "a"
        pool.close()
        os._exit(0 if own else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert pool.get(0) is mine
    assert mine.read_all().scene == "a"
