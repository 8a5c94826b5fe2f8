from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from changen_cli.errors import SceneError
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.pipeline.plan import make_plan
from changen_cli.reporter import Silent
from tests.reporting import Heard


def test_samples_are_scenes_then_tiles_then_variants(
    town: Callable[..., Path], tmp_path: Path, options: Callable[..., GenerateOptions]
) -> None:
    for name, size in (("b", (100, 200)), ("a", (150, 100))):
        town(tmp_path / "two", name, size=size)
    plan = make_plan(options(inputs=(str(tmp_path / "two"),), variants=2, shard_samples=3), Silent())
    ids = [plan.place(k).id for k in range(plan.spec.samples)]
    assert ids == [
        f"{tile}__v{v}"
        for tile in ("a__r000000_c000000", "a__r000050_c000000", "b__r000000_c000000", "b__r000000_c000100")
        for v in (0, 1)
    ]
    assert [place.id for k in range(plan.spec.shards) for place in plan.shard(k)] == ids
    assert [len(plan.shard(k)) for k in range(plan.spec.shards)] == [3, 3, 2]


def test_notes_come_only_if_the_run_goes_on(
    town: Callable[..., Path], tmp_path: Path, options: Callable[..., GenerateOptions]
) -> None:
    heard = Heard()
    good, bad = town(tmp_path / "two", "good", size=(100, 100)), town(tmp_path / "two", "bad", size=(100, 100))
    bad.write_bytes(b"II*\x00")
    plan = make_plan(options(inputs=(str(bad.parent),)), heard)
    assert [scene["id"] for scene in plan.unusable] == ["bad"]
    assert len(heard.warned) == 1
    assert heard.warned[0].startswith("scene bad cannot be used: ")
    good.write_bytes(b"II*\x00")
    heard.warned.clear()
    with pytest.raises(SceneError, match="the first of 2 scenes, none of which can be used"):
        make_plan(options(inputs=(str(bad.parent),)), heard)
    assert heard.warned == []
