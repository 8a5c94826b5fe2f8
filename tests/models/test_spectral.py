from __future__ import annotations

import copy

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

from changen_cli.models.spectral import spectral_norm

LAYERS = {
    "convolution": lambda: nn.Conv2d(5, 7, 3),
    "channels last": lambda: nn.Conv2d(5, 7, 3).to(memory_format=torch.channels_last),
    "one pixel": lambda: nn.Conv2d(5, 7, 1).to(memory_format=torch.channels_last),
    "one input": lambda: nn.Conv2d(1, 7, 3).to(memory_format=torch.channels_last),
    "linear": lambda: nn.Linear(5, 7, bias=False),
}


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
        weights = ours.weight, theirs.weight  # one power iteration each
        torch.testing.assert_close(*weights)
        slope = torch.randn_like(weights[0])
        found = []
        for layer, weight in zip((ours, theirs), weights, strict=True):
            layer.zero_grad()
            weight.backward(slope)
            found.append(layer.parametrizations.weight.original.grad)
        torch.testing.assert_close(*found)
        with torch.no_grad():
            for layer, gradient in zip((ours, theirs), found, strict=True):
                layer.parametrizations.weight.original.sub_(gradient, alpha=0.1)
    for key, value in theirs.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[key], value)


@pytest.mark.parametrize("name", LAYERS)
def test_in_evaluation_it_is_pytorchs_to_the_bit(name: str) -> None:
    """Weights are packed and loaded in this mode."""
    ours, theirs = pair(name)
    vectors = {k: v.clone() for k, v in ours.state_dict().items()}
    assert torch.equal(ours.eval().weight, theirs.eval().weight)
    assert all(torch.equal(v, vectors[k]) for k, v in ours.state_dict().items())
    slope = torch.randn_like(ours.weight)
    for layer in (ours, theirs):
        layer.weight.backward(slope)
    torch.testing.assert_close(*(layer.parametrizations.weight.original.grad for layer in (ours, theirs)))


def test_fresh_layers_are_pytorchs_for_a_seed() -> None:
    states = []
    for apply in (spectral_norm, parametrizations.spectral_norm):
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
        first, second = layer.weight, layer.weight  # a power iteration between them
        torch.manual_seed(2)
        torch.autograd.backward([first, second], [torch.randn(first.shape), torch.randn(first.shape)])
        found.append(layer.parametrizations.weight.original.grad)
    torch.testing.assert_close(*found)


def test_gradient_lies_as_the_weight_does() -> None:
    """Or each would be copied when it is averaged over processes, and by the optimizer."""
    layer, _ = pair("channels last")
    layer.weight.square().sum().backward()
    original = layer.parametrizations.weight.original
    assert original.grad.stride() == original.stride()


def test_singular_vectors_of_a_weight_of_zeros_stay_finite() -> None:
    layer = nn.Conv2d(3, 4, 3)
    nn.init.zeros_(layer.weight)
    spectral_norm(layer)
    norm = layer.parametrizations.weight[0]
    assert torch.isfinite(norm._u).all()
    assert torch.isfinite(norm._v).all()
