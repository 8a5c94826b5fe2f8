from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file
from torch.nn.utils import parametrize

import changen_cli
from changen_cli.errors import WeightsError
from changen_cli.models import changen, oasis, segmenter
from changen_cli.models.registry import find_models
from changen_cli.weights.card import file_sha256
from changen_cli.weights.load import load_generator, load_network


@pytest.fixture
def weights(weights_of: Callable[..., Path], tmp_path: Path) -> Path:
    """A copy that may be spoilt."""
    source = weights_of("changen", "tiny")
    for path in (source, source.with_suffix(".yaml")):
        shutil.copy(path, tmp_path)
    return tmp_path / "tiny.safetensors"


def edit(weights: Path, **changes: Any) -> None:
    path = weights.with_suffix(".yaml")
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | changes))


def test_a_generator_that_is_ready(weights: Path) -> None:
    generator, card = load_generator(str(weights))
    assert not generator.training
    assert not any(p.requires_grad for p in generator.parameters())
    assert {p.dtype for p in generator.parameters()} == {torch.float32}
    assert not any(parametrize.is_parametrized(m) for m in generator.modules())
    assert generator.last.weight.is_contiguous(memory_format=torch.channels_last)
    assert generator.config.hidden == (8,) * 6
    assert card.licence == "CC0-1.0"


def test_it_is_public(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHANGEN_WEIGHTS", str(weights.parent))
    assert changen_cli.load_generator("tiny")[1].name == "tiny"


@pytest.mark.parametrize("model", find_models())
def test_weights_of_every_model_can_be_loaded(model: str, weights_of: Callable[..., Path]) -> None:
    network, card = load_network(str(weights_of(model)))
    assert type(network) is find_models()[model].network
    assert card.architecture == model
    assert not network.training
    assert not any(p.requires_grad for p in network.parameters())


def test_without_a_name_the_shipped_weights_are_taken(
    weights_of: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert load_network(None, "cpu", segmenter.MODEL)[1].name == "segmenter"
    assert load_generator()[1].name == changen.MODEL.weights
    monkeypatch.setenv("CHANGEN_WEIGHTS", str(tmp_path))
    with pytest.raises(WeightsError, match=r"no weights named 'oasis'.* changen train --model oasis, pack them"):
        load_network(None, "cpu", oasis.MODEL)
    monkeypatch.setenv("CHANGEN_WEIGHTS", str(weights_of("oasis").parent))
    assert load_network(None, "cpu", oasis.MODEL)[1].name == "oasis"


def test_weights_of_a_model_from_a_later_changen(weights: Path) -> None:
    edit(weights, architecture="diffusion")
    with pytest.raises(WeightsError, match="'diffusion', which this changen does not know"):
        load_network(str(weights))


def test_damaged_weights_are_not_loaded(weights: Path) -> None:
    with weights.open("ab") as file:
        file.write(b"\0")
    with pytest.raises(WeightsError, match="SHA-256"):
        load_generator(str(weights))


def test_weights_of_another_architecture(weights: Path) -> None:
    edit(weights, architecture="spade")
    with pytest.raises(WeightsError, match="weights of 'spade', not of 'changen'"):
        load_generator(str(weights))


@pytest.mark.parametrize(
    "arguments",
    [
        {"width": 1 / 8, "hidden": [8] * 6, "noise_dim": 8},
        {"width": 1 / 16, "hidden": [8] * 6, "noise_dim": 8, "destyle": False},
        {"width": 1 / 16, "hidden": [8] * 5},
        {"depth": 7},
        {"width": "wide"},
    ],
)
def test_a_card_that_does_not_fit_its_weights(arguments: dict[str, Any], weights: Path) -> None:
    edit(weights, arguments=arguments)
    with pytest.raises(WeightsError, match="does not fit its card's architecture") as caught:
        load_generator(str(weights))
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_safetensors(weights: Path) -> None:
    weights.write_bytes(b"something else")
    edit(weights, sha256=file_sha256(weights))
    with pytest.raises(WeightsError, match="does not fit"):
        load_generator(str(weights))


def test_a_file_without_all_its_tensors(weights: Path) -> None:
    tensors = load_file(weights)
    tensors.pop("last.weight")
    save_file(tensors, weights)
    edit(weights, sha256=file_sha256(weights))
    with pytest.raises(WeightsError, match="does not fit"):
        load_generator(str(weights))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_onto_cuda(weights: Path) -> None:
    generator, _ = load_generator(str(weights), "cuda")
    assert {p.device.type for p in generator.parameters()} == {"cuda"}


def test_discriminators_are_no_network(weights: Path) -> None:
    edit(weights, part="discriminators")
    with pytest.raises(
        WeightsError, match=r"tiny\.safetensors: holds the discriminators of 'changen', which only.*name"
    ) as e:
        load_network(str(weights))
    assert "\n" not in str(e.value)


def test_weights_that_are_not_finite_are_refused(untrained_weights: Path, tmp_path: Path) -> None:
    tensors = load_file(untrained_weights)
    name = sorted(tensors)[3]
    tensors[name].view(-1)[0] = float("nan")
    path = tmp_path / "nan.safetensors"
    save_file(tensors, path)
    card = yaml.safe_load(untrained_weights.with_suffix(".yaml").read_text())
    path.with_suffix(".yaml").write_text(yaml.safe_dump(card | {"sha256": file_sha256(path)}))
    with pytest.raises(WeightsError, match=f"{name} holds values that are not finite"):
        load_network(str(path))
