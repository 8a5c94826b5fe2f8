from __future__ import annotations

from collections import Counter

import pytest

from changen_cli.errors import SceneError
from changen_cli.pipeline.plan import fingerprint_files, make_plan, share_out
from changen_cli.scenes.source import SceneSource


def sources(*names: str, split: str | None = None) -> list[SceneSource]:
    return [SceneSource(name, f"{name}.tif", split=split) for name in names]


def test_samples_are_scenes_then_tiles_then_variants(town, tmp_path, options):
    for name, size in (("b", (100, 200)), ("a", (150, 100))):
        town(tmp_path / "two", name, size=size)
    plan = make_plan(options(inputs=(str(tmp_path / "two"),), variants=2, shard_samples=3), print)
    ids = [plan.place(k).id for k in range(plan.spec.samples)]
    assert ids == [
        f"{tile}__v{v}"
        for tile in ("a__r000000_c000000", "a__r000050_c000000", "b__r000000_c000000", "b__r000000_c000100")
        for v in (0, 1)
    ]
    assert [place.id for k in range(plan.spec.shards) for place in plan.shard(k)] == ids
    assert [len(plan.shard(k)) for k in range(plan.spec.shards)] == [3, 3, 2]


def test_notes_come_only_if_the_run_goes_on(town, tmp_path, options):
    notes: list[str] = []
    good, bad = town(tmp_path / "two", "good", size=(100, 100)), town(tmp_path / "two", "bad", size=(100, 100))
    bad.write_bytes(b"II*\x00")
    plan = make_plan(options(inputs=(str(bad.parent),)), notes.append)
    assert [scene["id"] for scene in plan.unusable] == ["bad"]
    assert len(notes) == 1
    assert notes[0].startswith("scene bad cannot be used: ")
    good.write_bytes(b"II*\x00")
    notes.clear()
    with pytest.raises(SceneError, match="the first of 2 scenes, none of which can be used"):
        make_plan(options(inputs=(str(bad.parent),)), notes.append)
    assert notes == []


def test_shares_are_met_by_whole_scenes():
    scenes = sources(*(f"s{n}" for n in range(100)))
    splits = share_out(scenes, (0.8, 0.1, 0.1), seed=0)
    assert Counter(splits) == {"train": 80, "val": 10, "test": 10}
    assert splits == share_out(scenes, (8, 1, 1), seed=0)
    assert splits != share_out(scenes, (8, 1, 1), seed=1)
    reverse = share_out(scenes[::-1], (8, 1, 1), seed=0)
    assert reverse[::-1] == splits


def test_folders_decide_over_shares():
    scenes = [*sources("a", "b", split="test"), *sources("c")]
    assert share_out(scenes, (1, 0, 0), seed=0) == ("test", "test", "train")
    assert share_out(sources("alone"), (0.8, 0.1, 0.1), seed=3) == ("train",)


def test_input_files_have_a_fingerprint(options, town, tmp_path):
    asked = options()
    first = fingerprint_files(make_plan(asked, print), asked)
    assert first.startswith("2 files, ")
    assert fingerprint_files(make_plan(asked, print), asked) == first
    town(tmp_path / "in", size=(200, 300), compress="deflate")
    assert fingerprint_files(make_plan(asked, print), asked) != first
