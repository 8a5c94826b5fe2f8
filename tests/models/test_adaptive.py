from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from changen_cli.models.adaptive import SpatiallyAdaptiveNorm
from changen_cli.models.layers import fold_spectral_norm, one_hot


def test_noise_as_bias_is_a_convolution_over_constant_noise_channels() -> None:
    """The claim of SpatiallyAdaptiveNorm: the same function as with z as 64 more channels, away from the border."""
    torch.manual_seed(0)
    layer = SpatiallyAdaptiveNorm(8, 2, 16, 64, 4).eval()
    fold_spectral_norm(layer)
    joined = nn.Conv2d(2 + 64, 16, 3, padding=1)
    with torch.no_grad():
        joined.weight[:, :2] = layer.shared.weight
        joined.get_parameter("bias").copy_(layer.shared.get_parameter("bias"))
        assert layer.noise is not None
        layer.noise.weight.copy_(joined.weight[:, 2:].sum((2, 3)))
        condition = one_hot(torch.randint(0, 2, (2, 24, 24)), 2)
        noise, x = torch.randn(2, 64), torch.randn(2, 8, 24, 24)
        constant = noise[:, :, None, None].expand(-1, -1, 24, 24)
        scale, shift = layer.modulation(F.relu(joined(torch.cat([condition, constant], 1)))).chunk(2, 1)
        expected = layer.norm(x) * (1 + scale) + shift
        made = layer(x, condition, noise)
    inner = (..., slice(2, -2), slice(2, -2))
    torch.testing.assert_close(made[inner], expected[inner], rtol=1e-5, atol=1e-5)
    assert not torch.allclose(made, expected, atol=1e-3)  # at the border zero padding makes the difference


def test_modulation_follows_condition_and_noise() -> None:
    torch.manual_seed(0)
    layer = SpatiallyAdaptiveNorm(8, 2, 16, 4, 4).eval()
    x, noise = torch.randn(1, 8, 16, 16), torch.randn(1, 4)
    ground, roof = (one_hot(torch.full((1, 16, 16), c), 2) for c in (0, 1))
    assert not torch.allclose(layer(x, ground, noise), layer(x, roof, noise), atol=1e-3)
    assert not torch.allclose(layer(x, ground, noise), layer(x, ground, -noise), atol=1e-3)
