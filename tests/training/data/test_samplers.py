from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from changen_cli.errors import TrainingError
from changen_cli.training.config.options import parse_config
from changen_cli.training.data.discover import Limits
from changen_cli.training.data.samplers import make_samplers
from tests.reporting import Heard


def test_what_is_read_is_said(tiny_recipe: dict[str, Any]) -> None:
    heard = Heard()
    config = parse_config(tiny_recipe)
    make_samplers(config, reporter=heard)
    first, second = heard.said
    assert first == f"reading the scenes of {', '.join(source.path for source in config.data)}"
    assert "training scenes, " in second


def test_held_out_scenes_are_shown_and_not_trained_on(tiny_recipe: dict[str, Any]) -> None:
    samplers = make_samplers(parse_config(tiny_recipe))
    assert {scene.id for scene in samplers.train.scenes} == {"town_0", "town_1"}
    assert [scene.id for scene in samplers.shown.scenes] == ["town_2"]
    assert samplers.held_out is samplers.shown
    assert (samplers.train.stream, samplers.shown.stream) == ("train", "val")
    assert (samplers.train.seed, samplers.train.classes, samplers.train.crops.size) == (5, 2, 64)
    assert not samplers.streamed


def test_where_none_is_held_out_others_of_the_same_scenes_are_shown(
    tiny_recipe: dict[str, Any], tiny_scenes: Path
) -> None:
    samplers = make_samplers(parse_config(tiny_recipe | {"data": str(tiny_scenes)}))
    assert samplers.held_out is None
    assert [scene.id for scene in samplers.shown.scenes] == [scene.id for scene in samplers.train.scenes]
    assert not np.array_equal(samplers.shown[0].image, samplers.train[0].image)


def test_limits_say_whether_scenes_are_streamed(tiny_recipe: dict[str, Any]) -> None:
    samplers = make_samplers(parse_config(tiny_recipe), Limits(memory=0))
    assert samplers.streamed
    kept = make_samplers(parse_config(tiny_recipe))
    assert np.array_equal(samplers.train[3].image, kept.train[3].image)


def test_without_scenes_there_is_nothing_to_draw() -> None:
    with pytest.raises(TrainingError, match="no training scene with buildings in: nothing; name a folder with --data"):
        make_samplers(parse_config({}))
