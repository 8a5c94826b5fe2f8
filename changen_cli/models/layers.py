"""Layers that several networks share: spectral norm, resizing convolutions, group normalisation, masks, padding."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrize

from changen_cli.device import autocast
from changen_cli.models.spectral import spectral_norm


def conv(
    inputs: int, outputs: int, kernel: int, stride: int = 1, *, bias: bool = True, spectral: bool = True
) -> nn.Conv2d:
    """Makes a convolution that keeps (or divides by ``stride``) the image size.

    Args:
        inputs: Input channels.
        outputs: Output channels.
        kernel: Odd kernel size.
        stride: Stride.
        bias: Whether there is a bias.
        spectral: Whether spectral normalisation is applied (section 3.2.2: to all convolutions).

    Returns:
        The convolution.
    """
    layer = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=bias)
    if spectral:
        spectral_norm(layer)
    return layer


def fold_spectral_norm(module: nn.Module) -> nn.Module:
    """Replaces every spectrally normalised weight by its present value, in place; inference needs no power iteration.

    Args:
        module: Any network; put it in evaluation mode first, or folding advances the power iteration.

    Returns:
        The same module.
    """
    for layer in module.modules():
        if parametrize.is_parametrized(layer):
            for name in list(layer.parametrizations):  # type: ignore[arg-type]
                parametrize.remove_parametrizations(layer, name, leave_parametrized=True)
    return module


@contextmanager
def normalized_once(*networks: nn.Module) -> Iterator[None]:
    """Computes every spectrally normalised weight once, in float32, for all calls inside the block.

    Under autocast the power iteration would otherwise run in bfloat16 on some devices, and once per call.

    Args:
        *networks: Networks that are called inside the block.
    """
    with parametrize.cached():
        for network in networks:
            with autocast(next(network.parameters()).device, torch.float32):
                for layer in network.modules():
                    if parametrize.is_parametrized(layer):
                        for name in layer.parametrizations:  # type: ignore[union-attr]
                            getattr(layer, name)
        yield


def group_norm(channels: int, groups: int, *, affine: bool) -> nn.GroupNorm:
    """Makes a group normalisation with at most ``groups`` groups of at least four channels each."""
    count = max(1, min(groups, channels // 4))
    while channels % count:
        count -= 1
    return GroupNorm(count, channels, affine=affine)


class GroupNorm(nn.GroupNorm):
    """Group normalisation in float32 of features of any precision.

    Autocast does so on GPUs; on CPUs it does not, and PyTorch's bfloat16 kernels for channels-last features take up to
    three times as long as the detour.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Normalises [B, C, ...]; the result is of the precision of ``x``."""
        normalized: Tensor = super().forward(x.float())
        return normalized.to(x.dtype)


def conv_upsampled(layer: nn.Conv2d, x: Tensor) -> Tensor:
    """Convolves a map after doubling its size, without making the larger map.

    Of the nine taps of a 3x3 kernel, those that fall on copies of one pixel are summed beforehand. What is left is a
    transposed convolution of 4x4 and stride 2, with four ninths of the arithmetic.

    Args:
        layer: A 3x3 convolution of stride 1 and padding 1.
        x: [B, inputs, H, W].

    Returns:
        [B, outputs, 2H, 2W]: ``layer(F.interpolate(x, scale_factor=2, mode="nearest"))`` up to rounding.
    """
    kernel = _sums_of_neighbours(layer.weight.flip(2, 3)).transpose(0, 1)
    return F.conv_transpose2d(x, kernel, layer.bias, stride=2, padding=1)


def conv_averaged(layer: nn.Conv2d, x: Tensor) -> Tensor:
    """Convolves a map and halves its size by averaging, without making the larger map; see :func:`conv_upsampled`.

    Args:
        layer: A 3x3 convolution of stride 1 and padding 1.
        x: [B, inputs, H, W], H and W even.

    Returns:
        [B, outputs, H / 2, W / 2]: ``F.avg_pool2d(layer(x), 2)`` up to rounding.
    """
    return F.conv2d(x, _sums_of_neighbours(layer.weight) / 4, layer.bias, stride=2, padding=1)


def _sums_of_neighbours(kernel: Tensor) -> Tensor:
    """Convolves kernels [.., .., 3, 3] with 2x2 ones: [.., .., 4, 4], in the precision of the kernels."""
    return F.avg_pool2d(F.pad(kernel, (1, 1, 1, 1)), 2, 1, divisor_override=1)


def add_bias(x: Tensor, bias: Tensor) -> Tensor:
    """Adds a bias for each sample and channel.

    Args:
        x: [B, C, H, W].
        bias: [B, C].

    Returns:
        [B, C, H, W].
    """
    # as a whole row of pixels: CPUs add bfloat16 one by one where a contiguous stretch is as short as few channels are
    row = bias[:, :, None, None].expand(-1, -1, 1, x.shape[3])
    return x + row.contiguous(memory_format=torch.channels_last)


def one_hot(mask: Tensor, classes: int) -> Tensor:
    """Encodes a class mask.

    Args:
        mask: Integer [B, H, W], values 0 .. classes - 1.
        classes: Number of classes, background included.

    Returns:
        float32 [B, classes, H, W], 0 or 1.
    """
    index = torch.arange(classes, device=mask.device, dtype=mask.dtype).view(1, -1, 1, 1)
    return (mask.unsqueeze(1) == index).float()


def pool_condition(condition: Tensor, stride: int) -> Tensor:
    """Brings a one-hot condition to a coarser level.

    Foreground is pooled by maximum and background is what is left: with nearest sampling most buildings would be lost
    at stride 32, and a mask that hides pre-event foreground must not leak any of it.

    Args:
        condition: float [B, classes, H, W], class 0 is background.
        stride: Divides H and W.

    Returns:
        float [B, classes, H / stride, W / stride]; where two classes fall into one cell both are set.
    """
    if stride == 1:
        return condition
    foreground = F.max_pool2d(condition[:, 1:], stride)
    return torch.cat([1 - foreground.amax(1, keepdim=True), foreground], 1)


def grow(mask: Tensor, margin: int) -> Tensor:
    """Grows what is marked by ``margin`` pixels along rows, columns and diagonals.

    The maximum over a window, by doubling: a few passes over booleans, where a max-pooling looks at every pixel of it.

    Args:
        mask: bool [..., H, W].
        margin: Pixels, at least 0.

    Returns:
        bool [..., H, W].
    """
    grown = F.pad(mask, (margin,) * 4)
    for axis in (-2, -1):
        covered = 1
        while covered < 2 * margin + 1:
            step = min(covered, 2 * margin + 1 - covered)
            rest = grown.shape[axis] - step
            grown = grown.narrow(axis, 0, rest) | grown.narrow(axis, step, rest)
            covered += step
    return grown


def pad_to_multiple(multiple: int, *maps: Tensor) -> tuple[Tensor, ...]:
    """Pads images and masks of one size to a size that a network can divide; the caller crops the result.

    Args:
        multiple: What height and width become multiples of.
        *maps: Images [B, C, H, W] or masks [B, H, W], of any dtype.

    Returns:
        The same, padded at the right and at the bottom by reflection; where a side is shorter than ``multiple`` by
        repeating the edge.
    """
    height, width = maps[0].shape[-2:]
    right, bottom = -width % multiple, -height % multiple
    if not right and not bottom:
        return maps
    mode = "reflect" if min(height, width) >= multiple else "replicate"
    return tuple(_pad(x, right, bottom, mode) for x in maps)


def _pad(x: Tensor, right: int, bottom: int, mode: str) -> Tensor:
    """Pads one; PyTorch pads neither integers nor three dimensions this way."""
    flat = x.unsqueeze(1) if x.ndim == 3 else x
    padded = F.pad(flat if x.is_floating_point() else flat.float(), (0, right, 0, bottom), mode=mode).to(x.dtype)
    return padded.squeeze(1) if x.ndim == 3 else padded
