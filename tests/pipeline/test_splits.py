from __future__ import annotations

from collections import Counter

from changen_cli.pipeline.splits import share_area, share_out
from changen_cli.scenes.source import SceneSource
from changen_cli.scenes.window import TileGrid
from changen_cli.types import Split


def sources(*names: str, split: Split | None = None) -> list[SceneSource]:
    return [SceneSource(name, f"{name}.tif", split=split) for name in names]


def test_shares_are_met_by_whole_scenes() -> None:
    scenes = sources(*(f"s{n}" for n in range(100)))
    splits = share_out(scenes, (0.8, 0.1, 0.1), seed=0)
    assert Counter(splits) == {"train": 80, "val": 10, "test": 10}
    assert splits == share_out(scenes, (8, 1, 1), seed=0)
    assert splits != share_out(scenes, (8, 1, 1), seed=1)
    reverse = share_out(scenes[::-1], (8, 1, 1), seed=0)
    assert reverse[::-1] == splits


def test_folders_decide_over_shares() -> None:
    scenes = [*sources("a", "b", split=Split.TEST), *sources("c")]
    assert share_out(scenes, (1, 0, 0), seed=0) == ("test", "test", "train")
    assert share_out(sources("alone"), (0.8, 0.1, 0.1), seed=3) == ("train",)


def test_the_area_of_a_scene_is_shared_out() -> None:
    tiles = TileGrid(6400, 6400, 100)
    grid = share_area(tiles, "city", (0.8, 0.1, 0.1), seed=0)
    assert len(grid) == len(tiles)
    assert min(Counter(grid.splits).values()) >= 2
    shares = {split: count / len(grid) for split, count in grid.counts().items()}
    assert abs(shares[Split.TRAIN] - 0.8) < 0.08
    assert grid == share_area(tiles, "city", (8, 1, 1), seed=0)
    assert grid != share_area(tiles, "city", (8, 1, 1), seed=1)
    assert grid != share_area(tiles, "town", (8, 1, 1), seed=0)


def test_few_areas_go_to_every_split_first() -> None:
    assert set(share_area(TileGrid(100, 300, 100), "a", (0.8, 0.1, 0.1), seed=0).splits) == set(Split)
    assert share_area(TileGrid(100, 100, 100), "a", (0.8, 0.1, 0.1), seed=0).splits == (Split.TRAIN,)
    two = share_area(TileGrid(100, 1000, 100), "a", (1, 0, 1), seed=0)
    assert set(two.splits) == {Split.TRAIN, Split.TEST}
