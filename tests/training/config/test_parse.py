from __future__ import annotations

from dataclasses import replace

import pytest

from changen_cli.errors import PluginError, UsageError
from changen_cli.models.registry import get_model
from changen_cli.training.config import parse
from changen_cli.training.config.options import TrainConfig
from changen_cli.training.config.parse import options_class, parse_run


def test_the_model_says_which_arguments_a_run_has() -> None:
    assert options_class("segmenter") is TrainConfig
    assert parse_run({"model": "oasis", "seed": 3}) == TrainConfig(model="oasis", seed=3)
    assert parse_run({}) == TrainConfig()
    with pytest.raises(UsageError, match=r"a\.yaml: no model 'diffusion'; choose"):
        parse_run({"model": "diffusion"}, "a.yaml")


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("nowhere.at_all:Options", "cannot be imported"),
        ("changen_cli.training.config.options:Nobody", "cannot be imported"),
        ("changen_cli.training.config.source:DataConfig", "are no RunOptions"),
    ],
)
def test_arguments_that_are_none_are_refused(named: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    record = replace(get_model("oasis"), options=named)
    monkeypatch.setattr(parse, "get_model", lambda name: record)
    with pytest.raises(PluginError, match=message):
        options_class("oasis")
