"""Convolutions of a frozen network: batch normalisation folded in, and a fast gradient to the image on CPUs."""

from __future__ import annotations

from typing import Any

import torch
from timm.layers.conv2d_same import Conv2dSame
from timm.layers.padding import pad_same
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F
from torch.nn.grad import conv2d_input

Pair = tuple[int, ...]
"""For height and width."""


class FrozenConvolution(nn.Module):
    """A convolution and the batch normalisation after it as one convolution; both are frozen.

    The parameters keep the names they have in the network; what is convolved with are buffers apart from its state.

    Attributes:
        weight: Weights of the convolution, as trained.
        kernel: The same times the normalisation's scale.
        shift: What is left of the normalisation.
    """

    kernel: Tensor
    shift: Tensor

    def __init__(self, convolution: nn.Conv2d) -> None:
        """Takes the parameters over; call :meth:`fold` before use.

        Args:
            convolution: A convolution without bias; timm's own kind, which pads as TensorFlow does, included.
        """
        super().__init__()
        self.weight = convolution.weight
        self.stride, self.padding, self.groups = convolution.stride, convolution.padding, convolution.groups
        self.pads_as_tensorflow = isinstance(convolution, Conv2dSame)
        for name in ("kernel", "shift"):
            self.register_buffer(name, torch.empty(0), persistent=False)

    @torch.no_grad()
    def fold(self, norm: FrozenNorm) -> None:
        """Computes kernel and shift from the present weights and those of the normalisation."""
        scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
        self.kernel = (self.weight * scale[:, None, None, None]).contiguous(memory_format=torch.channels_last)
        self.shift = norm.bias - norm.running_mean * scale

    def forward(self, x: Tensor) -> Tensor:
        """Convolves and normalises [B, inputs, H, W]."""
        if self.pads_as_tensorflow:
            x = pad_same(x, list(self.kernel.shape[2:]), list(self.stride))
        if self.groups > 1 and max(self.stride) > 1 and x.requires_grad:
            strided: Tensor = _StridedDepthwise.apply(x, self.kernel, self.shift, self.stride, self.padding)
            return strided
        return F.conv2d(x, self.kernel, self.shift, self.stride, self.padding, 1, self.groups)


class FrozenNorm(nn.Module):
    """What is left of a batch normalisation that was folded into the convolution before it: its activation.

    Attributes:
        act: The activation.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, norm: nn.BatchNorm2d, act: nn.Module) -> None:
        """Takes parameters, statistics and activation over."""
        super().__init__()
        self.weight, self.bias, self.eps, self.act = norm.weight, norm.bias, norm.eps, act
        for name, value in norm.named_buffers():
            self.register_buffer(name, value)

    def forward(self, x: Tensor) -> Tensor:
        """Applies the activation."""
        activated: Tensor = self.act(x)
        return activated


class _StridedDepthwise(torch.autograd.Function):
    """A strided depthwise convolution whose gradient to its input is computed in float32.

    The bfloat16 kernel of oneDNN for that gradient takes twenty to fifty times as long (oneDNN 3.13, AVX-512): for four
    layers of EfficientNet-Lite0 a tenth of a training step.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, kernel: Tensor, shift: Tensor, stride: Pair, padding: Pair) -> Tensor:
        ctx.save_for_backward(kernel)
        ctx.shape, ctx.dtype, ctx.stride, ctx.padding = x.shape, x.dtype, stride, padding
        return F.conv2d(x, kernel, shift, stride, padding, 1, x.shape[1])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None, None]:
        (kernel,) = ctx.saved_tensors
        groups = ctx.shape[1]
        found: Tensor = conv2d_input(ctx.shape, kernel, gradient.float(), ctx.stride, ctx.padding, 1, groups)
        return found.to(ctx.dtype), None, None, None, None


def fold_batch_norm(network: nn.Module) -> list[tuple[FrozenConvolution, FrozenNorm]]:
    """Folds every batch normalisation of a timm EfficientNet into the convolution before it, in place.

    Args:
        network: In evaluation mode and frozen.

    Returns:
        What took the place of convolutions and normalisations, already folded.
    """
    pairs = []
    for owner in list(network.modules()):
        last: tuple[str, nn.Conv2d] | None = None
        for name, child in list(owner.named_children()):
            if isinstance(child, nn.Conv2d):
                last = name, child
            elif isinstance(child, nn.BatchNorm2d) and last is not None:
                convolution = FrozenConvolution(last[1])
                norm = FrozenNorm(child, child.get_submodule("act"))
                convolution.fold(norm)
                setattr(owner, last[0], convolution)
                setattr(owner, name, norm)
                pairs.append((convolution, norm))
                last = None
    return pairs
