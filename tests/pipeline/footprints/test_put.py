from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from changen_cli.errors import StoreError
from changen_cli.pipeline.footprints.put import put_footprints
from changen_cli.pipeline.generate import generate
from changen_cli.pipeline.recipe import write_recipe
from changen_cli.pipeline.replay import replay
from tests.pipeline.footprints.conftest import Bright
from tests.pipeline.footprints.test_read import asked


@pytest.fixture
def recipe(tmp_path: Path, bright_town: Callable[..., Path], bright: Bright) -> Path:
    bright_town()
    generate(asked(tmp_path))
    return write_recipe(tmp_path / "out", tmp_path / "recipe")


def test_a_replay_takes_footprints_from_the_recipe_and_reads_none(tmp_path: Path, recipe: Path, bright: Bright) -> None:
    bright.seen = 0
    assert replay(recipe, tmp_path / "again", workers=0).identical
    assert bright.seen == 0
    assert replay(recipe, tmp_path / "moved", [str(tmp_path / "in")], workers=0).identical


def test_damage_is_told(tmp_path: Path, recipe: Path) -> None:
    (path,) = (recipe / "series/.changen/footprints").glob("*.parquet")
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(StoreError, match="has changed since it was written"):
        put_footprints(recipe / "series", tmp_path / "again")
    path.unlink()
    with pytest.raises(StoreError, match="is missing"):
        put_footprints(recipe / "series", tmp_path / "again")
    assert not (tmp_path / "again").exists()
