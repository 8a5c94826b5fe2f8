from __future__ import annotations

from collections import Counter

from changen_cli.pipeline.splits import share_out
from changen_cli.scenes.source import SceneSource
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
