from __future__ import annotations

from dataclasses import replace

import pytest

from changen_cli.errors import PluginError
from changen_cli.models.registry import find_models, get_model
from changen_cli.training.learners import make
from changen_cli.training.learners.base import Learner
from changen_cli.training.learners.make import learner_class


@pytest.mark.parametrize("model", sorted(find_models()))
def test_every_model_names_its_learner(model: str) -> None:
    assert issubclass(learner_class(model), Learner)


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("nowhere.at_all:Learner", "cannot be imported"),
        ("changen_cli.training.learners.base:Nobody", "cannot be imported"),
        ("changen_cli.training.learners.base:StepResult", "is no Learner"),
    ],
)
def test_a_learner_that_is_none_is_refused(named: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    record = replace(get_model("oasis"), learner=named)
    monkeypatch.setattr(make, "get_model", lambda name: record)
    with pytest.raises(PluginError, match=message):
        learner_class("oasis")
