"""Spectral normalisation (Miyato et al. 2018): weights divided by their largest singular value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F
from torch.nn.utils import parametrize

FIRST_ITERATIONS = 15
"""Power iterations on fresh weights; as many as PyTorch's own spectral norm does."""


def spectral_norm(layer: nn.Module) -> None:
    """Applies spectral normalisation to the weight of a convolution or a linear layer, in place.

    Args:
        layer: Its weight is [outputs, ...].
    """
    parametrize.register_parametrization(layer, "weight", SpectralNorm(layer.get_parameter("weight")))


@torch.no_grad()
def load_folded(network: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Takes weights whose spectral norm was folded away into a network that has it, to train on from them.

    Each becomes the weight that is normalised. Its largest singular value was about 1, so it stays as it is; the
    singular vectors start from the exact ones.

    Args:
        network: Any network; updated.
        state: State of such a network after :func:`~changen_cli.models.layers.fold_spectral_norm`.

    Raises:
        RuntimeError: If the state is of another network.
    """
    values = dict(state)
    for path, layer in network.named_modules():
        if isinstance(layer, parametrize.ParametrizationList):
            # "conv.parametrizations.weight" holds what was "conv.weight"
            owner, _, name = f".{path}".rpartition(".parametrizations.")
            if (folded := f"{owner}.{name}"[1:]) in values:
                values[f"{path}.original"] = values.pop(folded)
                values |= {f"{path}.{key}": value for key, value in layer.named_buffers()}
    network.load_state_dict(values)
    for layer in network.modules():
        if isinstance(layer, parametrize.ParametrizationList):
            for norm in layer:
                if isinstance(norm, SpectralNorm):
                    norm.restart(layer.original)


class SpectralNorm(nn.Module):
    """A weight over the estimate of its largest singular value, by one power iteration a call in training.

    The function, and the names in a checkpoint, are those of :func:`torch.nn.utils.parametrizations.spectral_norm`. It
    moves less memory, which on weights is all there is to do: a weight that lies channels last is read as it lies, the
    singular value is what the power iteration has at hand, and the gradient is one formula. Measured against PyTorch's:
    a training step 1.03 times as fast, and SPADE of two processes 9 to 4300 times nearer to that of one (4 seeds).
    """

    _u: Tensor
    _v: Tensor

    def __init__(self, weight: Tensor, eps: float = 1e-12) -> None:
        """Starts from random singular vectors.

        Args:
            weight: The weight, [outputs, ...].
            eps: What no norm falls below.
        """
        super().__init__()
        self.eps = eps
        matrix = weight.detach().flatten(1)
        for name, size in zip(("_u", "_v"), matrix.shape, strict=True):
            self.register_buffer(name, F.normalize(matrix.new_empty(size).normal_(), dim=0, eps=eps))
        for _ in range(FIRST_ITERATIONS):
            _iterate(matrix, self._u, self._v, eps)

    @torch.no_grad()
    def restart(self, weight: Tensor) -> None:
        """Starts again from the singular vectors of the largest singular value of a weight, [outputs, ...]."""
        matrix = weight.detach().flatten(1).cpu().double()  # not all devices have doubles
        _, vectors = torch.linalg.eigh(matrix @ matrix.t())
        u = vectors[:, -1]
        self._u.copy_(u)
        self._v.copy_(F.normalize(matrix.t() @ u, dim=0, eps=self.eps))

    def forward(self, weight: Tensor) -> Tensor:
        """Normalises a weight, [outputs, ...]; in evaluation mode by the singular vectors as they are."""
        if not self.training:
            sigma = torch.dot(self._u.clone(), torch.mv(weight.flatten(1), self._v.clone()))
            return weight / sigma
        matrix = _as_it_lies(weight.detach(), weight)
        # new vectors: those of the call before may still be needed for its gradient
        u = torch.empty_like(self._u)
        v = _as_it_lies(self._v.view(1, *weight.shape[1:]), weight)[0].clone()
        sigma = _iterate(matrix, u, v, self.eps)
        self._u.copy_(u)
        self._v.copy_(_as_shaped(v[None], weight[:1]).flatten())
        normalized: Tensor = _Quotient.apply(weight, sigma, u, v)
        return normalized


@contextmanager
def power_iteration_held(*networks: nn.Module) -> Iterator[None]:
    """Keeps the singular vectors of every :class:`SpectralNorm` as they are inside the block.

    So several calls in training mode see the same weights: the parts of a mini-batch whose gradients are accumulated.

    Args:
        *networks: Networks in training mode.
    """
    norms = [
        norm for network in networks for norm in network.modules() if isinstance(norm, SpectralNorm) and norm.training
    ]
    for norm in norms:
        norm.eval()
    try:
        yield
    finally:
        for norm in norms:
            norm.train()


class _Quotient(torch.autograd.Function):
    """weight / sigma, where sigma = u^T W v depends on the weight as well."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, sigma: Tensor, u: Tensor, v: Tensor) -> Tensor:
        quotient = weight / sigma
        ctx.save_for_backward(quotient, sigma, u, v)
        return quotient

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        # G / sigma - <G, W> / sigma^2 u v^T, and W = sigma Q: (G - <G, Q> u v^T) / sigma
        quotient, sigma, u, v = ctx.saved_tensors
        slope = _as_it_lies(gradient, quotient)
        along = torch.dot(slope.flatten(), _as_it_lies(quotient, quotient).flatten())
        return _as_shaped(torch.addr(slope, u * -along, v).div_(sigma), quotient), None, None, None


@torch.no_grad()
def _iterate(matrix: Tensor, u: Tensor, v: Tensor, eps: float) -> Tensor:
    """Does one power iteration on a matrix W: writes u, updates v, returns the singular value |W^T u| = u^T W v."""
    torch.mv(matrix, v, out=u)
    u.div_(torch.linalg.vector_norm(u).clamp_(min=eps))
    torch.mv(matrix.t(), u, out=v)
    sigma: Tensor = torch.linalg.vector_norm(v)
    v.div_(sigma.clamp(min=eps))
    return sigma


def _is_channels_last(weight: Tensor) -> bool:
    return weight.ndim == 4 and weight.is_contiguous(memory_format=torch.channels_last)


def _as_it_lies(x: Tensor, weight: Tensor) -> Tensor:
    """Gives x [outputs, ...] as a matrix [outputs, -1] whose columns are in the order of the weight's memory."""
    return (x.permute(0, 2, 3, 1) if _is_channels_last(weight) else x).flatten(1)


def _as_shaped(matrix: Tensor, weight: Tensor) -> Tensor:
    """The way back from :func:`_as_it_lies`, to the shape of the weight."""
    if not _is_channels_last(weight):
        return matrix.view(weight.shape)
    outputs, inputs, height, width = weight.shape
    return matrix.view(outputs, height, width, inputs).permute(0, 3, 1, 2)
