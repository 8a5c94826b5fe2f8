from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from changen_cli.errors import UsageError
from changen_cli.models.layers import fold_spectral_norm
from changen_cli.models.oasis import OasisConfig, OasisGenerator
from changen_cli.models.spade.decoder import SpadeNorm

TINY = OasisConfig(width=1 / 64, hidden=(8,) * 6, noise_dim=6)
PUBLISHED = 70.2e6
"""With z as 64 more channels of every convolution over the label map (MODEL.md; about 71 M with Cityscapes' labels)."""


def make(config: OasisConfig = TINY) -> OasisGenerator:
    torch.manual_seed(0)
    return OasisGenerator(config)


def inputs(height: int, width: int, batch: int = 2) -> tuple[Tensor, Tensor]:
    draw = torch.Generator().manual_seed(1)
    mask = (torch.rand(batch, height, width, generator=draw) > 0.7).to(torch.uint8)
    return mask, torch.randn(batch, TINY.noise_dim, generator=draw)


def parameters(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def test_parameters_as_published_but_for_the_noise() -> None:
    with torch.device("meta"):
        network = OasisGenerator(OasisConfig())
    assert parameters(network) == pytest.approx(68.6e6, rel=0.002)
    linear = [m for m in network.modules() if isinstance(m, nn.Linear)]
    assert len(linear) == 1 + 2 * 2 + 4 * 3
    # a 3x3 kernel where there is one number for each channel here
    assert parameters(network) + 8 * sum(parameters(m) for m in linear) == pytest.approx(PUBLISHED, rel=0.002)


def test_a_compact_size() -> None:
    with torch.device("meta"):
        network = OasisGenerator(OasisConfig(width=9 / 32, hidden=(64, 64, 64, 32, 16, 16)))
    assert parameters(network) == pytest.approx(6.3e6, rel=0.01)


def test_channels_are_those_of_the_paper() -> None:
    assert OasisConfig().channels == (1024, 1024, 1024, 512, 256, 128, 64)


@pytest.mark.parametrize("size", [(16, 16), (17, 40), (32, 32), (33, 65), (128, 96)])
def test_output_has_the_size_of_the_mask_and_lies_in_range(size: tuple[int, int]) -> None:
    with torch.inference_mode():
        made = make().eval()(*inputs(*size))
    assert made.shape == (2, 3, *size)
    assert made.dtype == torch.float32
    assert made.abs().max() <= 1
    assert made.std() > 1e-4


def test_it_runs_on_the_meta_device_at_full_size() -> None:
    with torch.device("meta"):
        made = OasisGenerator(OasisConfig()).eval()(torch.zeros(1, 200, 256, dtype=torch.uint8), torch.zeros(1, 64))
    assert made.shape == (1, 3, 200, 256)


@pytest.mark.parametrize("norm", ["batch", "group"])
def test_every_parameter_gets_a_gradient(norm: str) -> None:
    network = make(OasisConfig(width=1 / 64, hidden=(8,) * 6, noise_dim=6, norm=norm))
    mask, noise = inputs(64, 64)
    mask[:, :32] = 0  # ground at every level
    (network(mask, noise) * torch.rand(2, 3, 64, 64)).sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("norm", ["batch", "group"])
def test_a_sample_does_not_depend_on_its_neighbours(norm: str) -> None:
    network = make(OasisConfig(width=1 / 64, hidden=(8,) * 6, noise_dim=6, norm=norm))
    with torch.no_grad():
        network(*inputs(48, 64, batch=3))  # running statistics that are not the initial ones
    mask, noise = inputs(48, 64, batch=3)
    network.eval()
    with torch.inference_mode():
        together = network(mask, noise)
        for n in range(3):
            torch.testing.assert_close(network(mask[n : n + 1], noise[n : n + 1])[0], together[n], rtol=0, atol=1e-5)


def test_mask_and_noise_both_count() -> None:
    network = make().eval()
    mask, noise = inputs(32, 32)
    with torch.inference_mode():
        made = network(mask, noise)
        assert (network(1 - mask, noise) - made).abs().max() > 1e-4
        assert (network(mask, -noise) - made).abs().max() > 1e-4


def test_the_noise_bias_is_a_convolution_over_constant_channels() -> None:
    torch.manual_seed(0)
    layer = SpadeNorm(8, TINY, 8, 6).eval()
    assert layer.noise is not None
    condition, noise, x = torch.rand(1, 2, 12, 12), torch.randn(1, 6), torch.randn(1, 8, 12, 12)
    with torch.no_grad():
        centre = torch.zeros(8, 6, 3, 3)
        centre[:, :, 1, 1] = layer.noise.weight
        joined = torch.cat([condition, noise[:, :, None, None].expand(1, 6, 12, 12)], 1)
        hidden = F.conv2d(joined, torch.cat([layer.shared.weight, centre], 1), layer.shared.bias, padding=1)
        scale, shift = layer.modulation(F.relu(hidden)).chunk(2, 1)
        torch.testing.assert_close(layer(x, condition, noise), layer.norm(x) * (1 + scale) + shift)


def test_folding_spectral_norm_keeps_the_function() -> None:
    network = make().eval()
    mask, noise = inputs(32, 32)
    with torch.no_grad():
        expected = network(mask, noise)
        torch.testing.assert_close(fold_spectral_norm(network)(mask, noise), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"hidden": (8,) * 7}, "must be 6 values, each a whole number of at least 1"),
        ({"classes": 1}, "classes 1: must be a whole number of at least 2"),
        ({"noise_dim": 0}, "noise_dim 0: must be a whole number of at least 1"),
        ({"width": 0.0}, "must be a number from 0.015625 to 4"),
        ({"norm": "instance"}, "norm instance: must be batch or group"),
    ],
)
def test_arguments_that_make_no_sense(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        OasisConfig(**arguments)  # type: ignore[arg-type]


def test_lists_from_a_card_become_tuples() -> None:
    assert OasisConfig(hidden=[8] * 6).hidden == (8,) * 6  # type: ignore[arg-type]
