from __future__ import annotations

from typing import Any, Literal

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from changen_cli.errors import UsageError
from changen_cli.models.layers import fold_spectral_norm
from changen_cli.models.oasis import OasisConfig, OasisGenerator
from changen_cli.models.spade import SpadeConfig, SpadeGenerator
from changen_cli.models.spade.decoder import LabelDecoder, SpadeNorm

Norm = Literal["batch", "group"]


def make(name: str, norm: Norm = "batch") -> LabelDecoder:
    torch.manual_seed(0)
    if name == "oasis":
        return OasisGenerator(OasisConfig(width=1 / 64, hidden=(8,) * 6, noise_dim=6, norm=norm))
    return SpadeGenerator(SpadeConfig(width=1 / 64, hidden=(8,) * 7, noise_dim=6, norm=norm))


NETWORKS = ("oasis", "spade")


def inputs(height: int, width: int, batch: int = 2) -> tuple[Tensor, Tensor]:
    draw = torch.Generator().manual_seed(1)
    mask = (torch.rand(batch, height, width, generator=draw) > 0.7).to(torch.uint8)
    return mask, torch.randn(batch, 6, generator=draw)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("size", [(16, 16), (17, 40), (32, 32), (33, 65), (128, 96)])
def test_output_has_the_size_of_the_mask_and_lies_in_range(name: str, size: tuple[int, int]) -> None:
    with torch.inference_mode():
        made = make(name).eval()(*inputs(*size))
    assert made.shape == (2, 3, *size)
    assert made.dtype == torch.float32
    assert made.abs().max() <= 1
    assert made.std() > 1e-4


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("norm", ["batch", "group"])
def test_every_parameter_gets_a_gradient(name: str, norm: Norm) -> None:
    network = make(name, norm)
    mask, noise = inputs(64, 64)
    mask[:, :32] = 0  # ground at every level
    (network(mask, noise) * torch.rand(2, 3, 64, 64)).sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("norm", ["batch", "group"])
def test_a_sample_does_not_depend_on_its_neighbours(name: str, norm: Norm) -> None:
    network = make(name, norm)
    with torch.no_grad():
        network(*inputs(48, 64, batch=3))  # running statistics that are not the initial ones
    mask, noise = inputs(48, 64, batch=3)
    network.eval()
    with torch.inference_mode():
        together = network(mask, noise)
        for n in range(3):
            torch.testing.assert_close(network(mask[n : n + 1], noise[n : n + 1])[0], together[n], rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_mask_and_noise_both_count(name: str) -> None:
    network = make(name).eval()
    mask, noise = inputs(32, 32)
    with torch.inference_mode():
        made = network(mask, noise)
        assert (network(1 - mask, noise) - made).abs().max() > 1e-4
        assert (network(mask, -noise) - made).abs().max() > 1e-4


@pytest.mark.parametrize("name", NETWORKS)
def test_folding_spectral_norm_keeps_the_function(name: str) -> None:
    network = make(name).eval()
    mask, noise = inputs(32, 32)
    with torch.no_grad():
        expected = network(mask, noise)
        torch.testing.assert_close(fold_spectral_norm(network)(mask, noise), expected, rtol=0, atol=1e-5)


def test_the_noise_bias_is_a_convolution_over_constant_channels() -> None:
    torch.manual_seed(0)
    layer = SpadeNorm(8, OasisConfig(width=1 / 64, hidden=(8,) * 6, noise_dim=6), 8, 6).eval()
    assert layer.noise is not None
    condition, noise, x = torch.rand(1, 2, 12, 12), torch.randn(1, 6), torch.randn(1, 8, 12, 12)
    with torch.no_grad():
        centre = torch.zeros(8, 6, 3, 3)
        centre[:, :, 1, 1] = layer.noise.weight
        joined = torch.cat([condition, noise[:, :, None, None].expand(1, 6, 12, 12)], 1)
        hidden = F.conv2d(joined, torch.cat([layer.shared.weight, centre], 1), layer.shared.bias, padding=1)
        scale, shift = layer.modulation(F.relu(hidden)).chunk(2, 1)
        torch.testing.assert_close(layer(x, condition, noise), layer.norm(x) * (1 + scale) + shift)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"hidden": (8,) * 7}, "must be 6 values, each a whole number from 1"),
        ({"classes": 1}, "classes 1: must be a whole number from 2"),
        ({"noise_dim": 0}, "noise_dim 0: must be a whole number from 1"),
        ({"width": 0.0}, "must be a number from 0.015625 to 4"),
        ({"norm": "instance"}, "norm instance: must be batch or group"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        OasisConfig(**arguments)


def test_lists_from_a_card_become_tuples() -> None:
    arguments: dict[str, Any] = {"hidden": [8] * 6}
    assert OasisConfig(**arguments).hidden == (8,) * 6
