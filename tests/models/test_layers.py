from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrize

from changen_cli.models.adaptive import AdaptiveResidualBlock
from changen_cli.models.changen import ChangenGenerator, GeneratorConfig
from changen_cli.models.layers import (
    add_bias,
    conv,
    conv_averaged,
    conv_upsampled,
    fold_spectral_norm,
    group_norm,
    grow,
    normalized_once,
    one_hot,
    pool_condition,
)
from changen_cli.models.oasis import DiscriminatorConfig, SegmentationDiscriminator
from changen_cli.models.projected.discriminator import Head

TINY = GeneratorConfig(width=1 / 16, hidden=(8,) * 6)


def inputs(size: int = 64, batch: int = 2) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    draw = torch.Generator().manual_seed(0)
    masks = torch.randint(0, 2, (2, batch, size, size), generator=draw, dtype=torch.uint8)
    image = torch.rand(batch, 3, size, size, generator=draw) * 2 - 1
    return image, masks[0], masks[1], torch.randn(batch, TINY.noise_dim, generator=draw)


@pytest.mark.parametrize(
    "make",
    [
        lambda: ChangenGenerator(TINY),
        lambda: SegmentationDiscriminator(DiscriminatorConfig(width=1 / 16)),
        lambda: Head(24, 2, 16),
        lambda: AdaptiveResidualBlock(16, 8, 2, 8, 4, 4),
    ],
    ids=["generator", "discriminator", "projected head", "adaptive block"],
)
def test_every_convolution_has_a_largest_singular_value_of_one(make: Callable[[], nn.Module]) -> None:
    torch.manual_seed(0)
    network = make()
    # as published, the discriminator of OASIS has none on the convolution that gives its logits
    logits = network.last if isinstance(network, SegmentationDiscriminator) else None
    convolutions = [m for m in network.modules() if isinstance(m, nn.Conv2d) and m is not logits]
    assert convolutions
    for layer in convolutions:
        assert parametrize.is_parametrized(layer, "weight")
        for _ in range(40):  # power iterations
            weight = layer.weight
        assert torch.linalg.matrix_norm(weight.flatten(1), 2).item() == pytest.approx(1, abs=0.05)


def test_folding_keeps_the_function_and_leaves_no_parametrization() -> None:
    torch.manual_seed(0)
    network = ChangenGenerator(TINY).eval()
    args = inputs()
    with torch.no_grad():
        expected = network(*args)
        folded = fold_spectral_norm(network)
        assert not any(parametrize.is_parametrized(m) for m in folded.modules())
        assert not [name for name in folded.state_dict() if "parametrizations" in name]
        torch.testing.assert_close(folded(*args), expected, rtol=0, atol=1e-6)


def test_weights_are_normalized_once_and_in_float32_inside_the_block() -> None:
    torch.manual_seed(0)
    layer = conv(3, 4, 3)
    norm = layer.get_submodule("parametrizations.weight.0")
    vector = norm.get_buffer("_u").clone()
    calls = []
    norm.register_forward_hook(lambda m, a, out: calls.append(out.dtype))
    with normalized_once(layer), torch.autocast("cpu", torch.bfloat16):
        first, second = layer.weight, layer.weight
        assert layer(torch.rand(1, 3, 8, 8)).dtype == torch.bfloat16
    assert first is second
    assert calls == [torch.float32]
    assert not torch.equal(norm.get_buffer("_u"), vector)  # one power iteration was done
    assert layer.weight is not first  # the cache ends with the block
    assert len(calls) == 2


@pytest.mark.parametrize(("channels", "groups", "expected"), [(512, 32, 32), (64, 32, 16), (4, 32, 1), (20, 32, 5)])
def test_groups_have_at_least_four_channels(channels: int, groups: int, expected: int) -> None:
    assert group_norm(channels, groups, affine=False).num_groups == expected


def test_groups_divide_odd_channel_counts() -> None:
    for channels in range(4, 200):
        layer = group_norm(channels, 32, affine=True)
        assert channels % layer.num_groups == 0
        assert layer(torch.rand(1, channels, 2, 2)).shape == (1, channels, 2, 2)


@pytest.mark.parametrize("channels_last", [True, False])
def test_group_norm_of_bfloat16_is_that_of_float32_rounded(channels_last: bool) -> None:
    layer = group_norm(16, 32, affine=True)
    x = (torch.randn(2, 16, 12, 12) * 5 + 3).bfloat16()
    if channels_last:
        x = x.to(memory_format=torch.channels_last)
    exact = F.group_norm(x.float(), layer.num_groups, layer.weight, layer.bias)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(layer(x), exact.bfloat16())
        assert layer(x).is_contiguous(memory_format=torch.channels_last) == channels_last
    assert torch.equal(layer(x.float()), exact)


def upsampled(layer: nn.Conv2d, x: Tensor) -> Tensor:
    made: Tensor = layer(F.interpolate(x, scale_factor=2, mode="nearest"))
    return made


def averaged(layer: nn.Conv2d, x: Tensor) -> Tensor:
    return F.avg_pool2d(layer(x), 2)


RESIZING = [(conv_upsampled, upsampled), (conv_averaged, averaged)]


@pytest.mark.parametrize(("fast", "plain"), RESIZING, ids=["up", "down"])
@pytest.mark.parametrize("size", [(2, 2), (6, 10)])
def test_resizing_within_a_convolution_is_resizing_and_convolving(
    fast: Callable[..., Tensor], plain: Callable[..., Tensor], size: tuple[int, int]
) -> None:
    """Output and gradients, the border included."""
    torch.manual_seed(0)
    layer = nn.Conv2d(5, 3, 3, padding=1).double()
    x = torch.randn(2, 5, *size, dtype=torch.float64, requires_grad=True)
    expected = plain(layer, x)
    torch.testing.assert_close(fast(layer, x), expected)
    slope = torch.randn_like(expected)
    wanted = (x, *layer.parameters())
    for found, right in zip(
        torch.autograd.grad(fast(layer, x), wanted, slope), torch.autograd.grad(expected, wanted, slope), strict=True
    ):
        torch.testing.assert_close(found, right)


@pytest.mark.parametrize(("fast", "plain"), RESIZING, ids=["up", "down"])
def test_resizing_within_a_convolution_sums_the_kernel_in_float32(
    fast: Callable[..., Tensor], plain: Callable[..., Tensor]
) -> None:
    torch.manual_seed(0)
    layer, x = nn.Conv2d(16, 8, 3, padding=1), torch.randn(2, 16, 8, 8)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        made = fast(layer, x)
    assert made.dtype == torch.bfloat16
    with torch.no_grad():
        exact = plain(layer, x)
    assert (made - exact).abs().mean() < 0.005 * exact.std()


@pytest.mark.parametrize("memory_format", [torch.channels_last, torch.contiguous_format])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_bias_is_added_to_each_sample_and_channel(memory_format: torch.memory_format, dtype: torch.dtype) -> None:
    x = torch.randn(2, 4, 6, 5).to(dtype, memory_format=memory_format)
    bias = torch.randn(2, 4).to(dtype)
    made = add_bias(x, bias)
    assert torch.equal(made, x + bias[:, :, None, None])
    assert made.is_contiguous(memory_format=memory_format)


def test_one_hot() -> None:
    mask = torch.tensor([[[0, 1], [2, 1]]], dtype=torch.uint8)
    expected = torch.tensor([[[[1, 0], [0, 0]], [[0, 1], [0, 1]], [[0, 0], [1, 0]]]]).float()
    assert torch.equal(one_hot(mask, 3), expected)


@pytest.mark.parametrize("stride", [1, 2, 4, 8, 16, 32])
def test_one_foreground_pixel_hides_its_whole_cell(stride: int) -> None:
    mask = torch.zeros(1, 64, 64, dtype=torch.uint8)
    mask[0, 37, 50] = 1
    level = pool_condition(one_hot(mask, 2), stride)
    expected = torch.zeros(64 // stride, 64 // stride)
    expected[37 // stride, 50 // stride] = 1
    assert torch.equal(level[0, 1], expected)
    assert torch.equal(level[0, 0], 1 - expected)


def test_two_classes_in_one_cell_are_both_kept() -> None:
    mask = torch.zeros(1, 32, 32, dtype=torch.uint8)
    mask[0, 3, 3], mask[0, 30, 30] = 1, 2
    assert pool_condition(one_hot(mask, 3), 32).flatten().tolist() == [0, 1, 1]


@pytest.mark.parametrize("margin", [0, 1, 3, 5, 8])
def test_growing_is_the_maximum_over_a_window(margin: int) -> None:
    mask = torch.rand(2, 1, 21, 40, generator=torch.Generator().manual_seed(margin)) > 0.98
    expected = F.max_pool2d(mask.float(), 2 * margin + 1, 1, margin) > 0
    assert torch.equal(grow(mask, margin), expected)
