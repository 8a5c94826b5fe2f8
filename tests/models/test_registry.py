from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest
import torch
from torch import nn

from changen_cli import plugins
from changen_cli.errors import PluginError, UsageError
from changen_cli.models.base import Model
from changen_cli.models.registry import find_models, get_model, make_network, model_names
from changen_cli.models.segmenter import MODEL
from changen_cli.options import info


@pytest.fixture(params=find_models())
def model(request: pytest.FixtureRequest) -> Model[nn.Module]:
    return get_model(request.param)


def test_ours_are_installed() -> None:
    assert {"changelite", "changen", "changestar", "deepfill", "oasis", "segmenter", "spade"} <= set(model_names())
    assert {"bit", "cdnet", "changeformer", "fcsiam", "stanet"} <= set(model_names())
    assert list(find_models()) == model_names()


def test_a_record_is_complete(model: Model[nn.Module]) -> None:
    assert get_model(model.name) is model
    assert model.summary
    assert not model.summary.endswith(".")
    assert model.shows <= {"create", "remove"}
    assert model.recipe
    module, _, name = model.learner_of(model.config()).partition(":")
    assert module.isidentifier() or all(part.isidentifier() for part in module.split("."))
    assert name.isidentifier()
    for options in (model.config, model.arguments, model.discriminator):
        assert options is None or all(info(field).help for field in fields(options))


def test_a_network_is_made_of_its_arguments(model: Model[nn.Module], smallest: dict[str, dict[str, Any]]) -> None:
    arguments = smallest[model.name]
    network = make_network(model.name, arguments)
    assert type(network) is model.network
    config = network.config
    assert is_dataclass(config)
    assert config == model.config(**arguments)
    assert not any(isinstance(value, list) for value in vars(config).values())
    classes = getattr(config, "classes", None)
    assert classes == getattr(model.discriminator and model.discriminator(), "classes", classes)


def test_the_published_size_can_be_made(model: Model[nn.Module]) -> None:
    with torch.device("meta"):
        network = make_network(model.name, {})
    assert sum(p.numel() for p in network.parameters()) > 1e6


def test_two_networks_of_one_seed_are_one(model: Model[nn.Module], smallest: dict[str, dict[str, Any]]) -> None:
    made = []
    for _ in range(2):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(1)
            made.append(make_network(model.name, smallest[model.name]).state_dict())
    assert made[0].keys() == made[1].keys()
    assert all(torch.equal(made[0][name], made[1][name]) for name in made[0])


def test_what_is_unknown_is_named() -> None:
    with pytest.raises(
        PluginError, match="unknown model 'diffusion'; installed: bit, cdnet, changeformer, changelite, changen"
    ):
        make_network("diffusion", {})
    with pytest.raises(UsageError, match="segmenter arguments: unknown key 'depth'; known: classes, groups, width"):
        make_network("segmenter", {"depth": 7})
    with pytest.raises(UsageError, match="segmenter arguments: width 99: must be a number"):
        make_network("segmenter", {"width": 99})


@pytest.mark.parametrize(
    ("value", "message"),
    [(nn.Linear, "must name a changen_cli.models.base.Model"), (replace(MODEL, name="other"), "has the name 'other'")],
)
def test_an_entry_point_of_something_else(value: Any, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugins, "load", lambda group, name: value)
    with pytest.raises(PluginError, match=message):
        get_model("mine")
