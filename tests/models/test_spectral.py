from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations

from changen_cli.models.layers import conv, fold_spectral_norm, normalized_once
from changen_cli.models.spectral import SpectralNorm, load_folded, power_iteration_held, spectral_norm

LAYERS: dict[str, Callable[[], nn.Module]] = {
    "convolution": lambda: nn.Conv2d(5, 7, 3),
    "channels last": lambda: nn.Conv2d(5, 7, 3).to(memory_format=torch.channels_last),
    "one pixel": lambda: nn.Conv2d(5, 7, 1).to(memory_format=torch.channels_last),
    "one input": lambda: nn.Conv2d(1, 7, 3).to(memory_format=torch.channels_last),
    "linear": lambda: nn.Linear(5, 7, bias=False),
}


def original(layer: nn.Module) -> nn.Parameter:
    return layer.get_parameter("parametrizations.weight.original")


def gradient_of(layer: nn.Module) -> Tensor:
    gradient = original(layer).grad
    assert gradient is not None
    return gradient


def normalized(layer: nn.Module) -> Tensor:
    weight = layer.weight
    assert isinstance(weight, Tensor)
    return weight


def pair(name: str) -> tuple[nn.Module, nn.Module]:
    """The same layer, under our spectral norm and under PyTorch's, in the same state."""
    torch.manual_seed(0)
    ours = LAYERS[name]()
    theirs = copy.deepcopy(ours)
    spectral_norm(ours)
    parametrizations.spectral_norm(theirs)
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs


@pytest.mark.parametrize("name", LAYERS)
def test_in_training_it_is_pytorchs_with_its_gradient_over_several_iterations(name: str) -> None:
    ours, theirs = pair(name)
    for _ in range(3):
        weights = normalized(ours), normalized(theirs)  # one power iteration each
        torch.testing.assert_close(*weights)
        slope = torch.randn_like(weights[0])
        found = []
        for layer, weight in zip((ours, theirs), weights, strict=True):
            layer.zero_grad()
            weight.backward(slope)
            found.append(gradient_of(layer))
        torch.testing.assert_close(*found)
        with torch.no_grad():
            for layer, gradient in zip((ours, theirs), found, strict=True):
                original(layer).sub_(gradient, alpha=0.1)
    for key, value in theirs.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[key], value)


@pytest.mark.parametrize("name", LAYERS)
def test_in_evaluation_it_is_pytorchs_to_the_bit(name: str) -> None:
    """Weights are packed and loaded in this mode."""
    ours, theirs = pair(name)
    vectors = {k: v.clone() for k, v in ours.state_dict().items()}
    assert torch.equal(normalized(ours.eval()), normalized(theirs.eval()))
    assert all(torch.equal(v, vectors[k]) for k, v in ours.state_dict().items())
    slope = torch.randn_like(normalized(ours))
    for layer in (ours, theirs):
        normalized(layer).backward(slope)
    torch.testing.assert_close(*(gradient_of(layer) for layer in (ours, theirs)))


def test_fresh_layers_are_pytorchs_for_a_seed() -> None:
    states = []
    applied: tuple[Callable[[nn.Module], object], ...] = (spectral_norm, parametrizations.spectral_norm)
    for apply in applied:
        torch.manual_seed(1)
        layer = nn.Conv2d(6, 4, 3)
        apply(layer)
        states.append(layer.state_dict())
    assert list(states[0]) == list(states[1])
    for key, value in states[1].items():
        torch.testing.assert_close(states[0][key], value)


def test_gradients_of_two_calls_do_not_mix() -> None:
    ours, theirs = pair("channels last")
    found = []
    for layer in (ours, theirs):
        first, second = normalized(layer), normalized(layer)  # a power iteration between them
        torch.manual_seed(2)
        torch.autograd.backward([first, second], [torch.randn(first.shape), torch.randn(first.shape)])
        found.append(gradient_of(layer))
    torch.testing.assert_close(*found)


def test_gradient_lies_as_the_weight_does() -> None:
    """Or each would be copied when it is averaged over processes, and by the optimizer."""
    layer, _ = pair("channels last")
    normalized(layer).square().sum().backward()
    assert gradient_of(layer).stride() == original(layer).stride()


def test_singular_vectors_of_a_weight_of_zeros_stay_finite() -> None:
    layer = nn.Conv2d(3, 4, 3)
    nn.init.zeros_(layer.weight)
    spectral_norm(layer)
    norm = layer.get_submodule("parametrizations.weight.0")
    assert torch.isfinite(norm.get_buffer("_u")).all()
    assert torch.isfinite(norm.get_buffer("_v")).all()


def test_a_held_power_iteration_gives_the_same_weights_again() -> None:
    layer = conv(4, 4, 3)
    with normalized_once(layer):
        first = layer.weight.detach().clone()
    with power_iteration_held(layer), normalized_once(layer):
        assert torch.equal(layer.weight.detach(), first)
    with normalized_once(layer):
        assert not torch.equal(layer.weight.detach(), first)


def test_a_power_iteration_is_held_only_where_it_goes_on() -> None:
    trained, frozen = conv(4, 4, 3), conv(4, 4, 3).eval()
    with power_iteration_held(trained, frozen):
        assert not trained.get_submodule("parametrizations.weight.0").training
    assert trained.get_submodule("parametrizations.weight.0").training
    assert not frozen.get_submodule("parametrizations.weight.0").training


@pytest.mark.parametrize("name", LAYERS)
def test_folded_weights_come_back_as_they_were(name: str) -> None:
    torch.manual_seed(4)
    network = nn.Sequential(LAYERS[name](), nn.LayerNorm(2), LAYERS[name]())
    for layer in (network[0], network[2]):
        spectral_norm(layer)
        norm = layer.get_submodule("parametrizations.weight.0")
        assert isinstance(norm, SpectralNorm)
        norm.restart(original(layer))  # so that the largest singular value is exact
    network.eval()
    first, second = normalized(network[0]).detach().clone(), normalized(network[2]).detach().clone()
    torch.testing.assert_close(torch.linalg.matrix_norm(first.flatten(1), 2), torch.tensor(1.0))
    state = fold_spectral_norm(copy.deepcopy(network)).state_dict()
    other = nn.Sequential(LAYERS[name](), nn.LayerNorm(2), LAYERS[name]())
    spectral_norm(other[0])
    spectral_norm(other[2])
    load_folded(other, state)
    assert "0.weight" in state  # the caller's stays as it was
    for training in (False, True, True):
        other.train(training)
        torch.testing.assert_close(normalized(other[0]), first)
        torch.testing.assert_close(normalized(other[2]), second)
    alone = LAYERS[name]()
    spectral_norm(alone)
    load_folded(alone, {key[2:]: value for key, value in state.items() if key.startswith("0.")})
    torch.testing.assert_close(normalized(alone.eval()), first)
    with pytest.raises(RuntimeError, match=r"Missing key.*0\.parametrizations"):
        load_folded(other, {key: value for key, value in state.items() if key != "0.weight"})
