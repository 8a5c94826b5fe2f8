from __future__ import annotations

from typing import Any

import pytest

from changen_cli.errors import UsageError
from changen_cli.models.changestar import ChangeStarConfig
from changen_cli.training.config.detection import DetectionConfig, with_head
from changen_cli.training.config.recipes import read_recipe
from changen_cli.training.config.run import parse


def test_the_defaults_are_the_papers_pre_training() -> None:
    config = DetectionConfig()
    assert (config.model, config.detector) == ("changestar", ChangeStarConfig())
    assert (config.epochs, config.batch_size, config.lr, config.power) == (20, 64, 0.03, 0.9)
    assert (config.optimizer, config.momentum, config.weight_decay, config.layouts) == ("sgd", 0.9, 1e-4, 0)
    assert config.epochs * config.pairs_per_epoch / config.batch_size == 28_125
    assert config.fresh
    assert parse(DetectionConfig, read_recipe("changestar"), "paper") == config


def test_fine_tuning_is_that_of_levir() -> None:
    config = parse(DetectionConfig, read_recipe("changestar-levir"), "levir")
    assert (config.iterations, config.batch_size, config.crops.size, config.clip) == (5600, 16, 512, 35)
    assert (config.augment.turns, config.augment.zoom, config.augment.zooms) == ("one", (0.75, 1.25, 1.5), 0.5)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"layouts": 0.5}, "the detector has no head for layouts; set detector: {layouts: true}"),
        ({"imagenet_weights": "a.pth"}, "imagenet_weights a.pth: is for init: imagenet"),
        ({"data": [{"path": "a", "share": 1}, "b"]}, "data must all have a share, or none"),
        ({"fraction": 0}, "fraction"),
        ({"augment": {"zoom": "0.01,2"}}, "a list of factors from 0.1 to 10"),
        ({"generator": {}}, "unknown key 'generator'"),
    ],
    ids=str,
)
def test_what_cannot_be_used_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(DetectionConfig, values, "recipe")
    assert message in str(caught.value)


def test_a_head_for_layouts_comes_with_their_weight() -> None:
    assert parse(DetectionConfig, with_head({"layouts": 0.5}), "a").detector.layouts
    assert with_head({"layouts": 0}) == {"layouts": 0}
    said = {"layouts": 1.0, "detector": {"layouts": False}}
    assert with_head(said) == said
