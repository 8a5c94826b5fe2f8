from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import footprints
import pytest

from changen_cli.scenes.discover import find_scenes
from changen_cli.scenes.scene import open_scene
from tests.pipeline.footprints.conftest import Bright


def test_what_is_seen_is_held_against_what_is_mapped(town: Callable[..., Path], tmp_path: Path) -> None:
    (source,) = find_scenes([str(town(tmp_path))])
    with open_scene(source) as scene:
        score = footprints.measure(scene, Bright())
    assert score.mapped > 5
    assert score.seen <= score.seen_or_true
    assert score.found <= min(score.mapped, score.read)
    total = footprints.Score()
    total.add(score)
    total.add(score)
    assert total.mapped == 2 * score.mapped
    assert total.seen / total.seen_or_true == pytest.approx(score.seen / score.seen_or_true)
    assert f"{score.mapped} mapped, {score.read} read" in str(score)
