"""What every detector must do; the test of each one calls :func:`check_detector` with its own."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from changen_cli.models.detector import Detector


def multiply_adds(network: Detector, size: int) -> float:
    """Counts the multiply-adds of convolutions for a pair of square images, in thousands of millions."""
    with torch.device("meta"):
        pair = torch.zeros(1, 3, size, size), torch.zeros(1, 3, size, size)
    with FlopCounterMode(display=False) as counter:
        network(*pair)
    return float(counter.get_total_flops()) / 2e9


def check_detector(make: Callable[[bool], Detector]) -> None:
    """Checks a detector that can have a head for layouts: shapes, types, independence of neighbours and gradients.

    Args:
        make: Makes a small network with fresh weights, with or without a head for layouts.
    """
    check_change(lambda: make(False), symmetric=False)
    torch.manual_seed(0)
    network = make(True).eval()
    with torch.inference_mode():
        for images in _pairs():
            found, swapped = network(*images), network(*images[::-1])
            assert found.layouts is not None
            assert swapped.layouts is not None
            assert found.change.shape == (3, 1, *images[0].shape[-2:])
            assert found.layouts.shape == (3, 2, *images[0].shape[-2:])
            assert found.change.dtype == found.layouts.dtype == torch.float32
            torch.testing.assert_close(swapped.layouts.flip(1), found.layouts, rtol=1e-4, atol=1e-4)
    _check_gradients(make(True))


def check_change(make: Callable[[], Detector], *, symmetric: bool) -> None:
    """Checks a detector that reads no layouts: shapes, types, independence of neighbours and gradients.

    Args:
        make: Makes a small network with fresh weights.
        symmetric: Whether it finds the same where the dates change places.
    """
    torch.manual_seed(0)
    network = make().eval()
    with torch.inference_mode():
        for images in _pairs():
            found = network(*images)
            assert found.layouts is None
            assert found.change.shape == (3, 1, *images[0].shape[-2:])
            assert found.change.dtype == torch.float32
            assert float(found.change.std()) > 0
            alone = network(*(image[1:2] for image in images))
            torch.testing.assert_close(alone.change[0], found.change[1], rtol=1e-4, atol=1e-4)
            swapped = network(*images[::-1])
            if symmetric:
                torch.testing.assert_close(swapped.change, found.change, rtol=1e-4, atol=1e-4)
            else:
                assert not torch.allclose(swapped.change, found.change)
    _check_gradients(make())


def _pairs() -> list[tuple[Tensor, Tensor]]:
    sizes = ((32, 32), (33, 70), (64, 96))
    return [(torch.rand(3, 3, *size) * 2 - 1, torch.rand(3, 3, *size) * 2 - 1) for size in sizes]


def _check_gradients(network: Detector) -> None:
    """Checks that every parameter is trained: none is there that nothing uses."""
    network.train()
    found = network(torch.rand(2, 3, 64, 64) * 2 - 1, torch.rand(2, 3, 64, 64) * 2 - 1)
    loss = found.change.square().mean()
    if found.layouts is not None:
        loss = loss + found.layouts.square().mean()
    loss.backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert bool(torch.isfinite(parameter.grad).all()), name


def noisy_pairs() -> tuple[Tensor, Tensor]:
    """Makes images [2, 2, 3, 64, 64] of two pairs on noisy ground, and their change [2, 1, 64, 64]."""
    draw = torch.Generator().manual_seed(2)
    layouts = torch.zeros(2, 2, 64, 64)
    layouts[:, 0, 8:28, 8:24] = 1
    layouts[0, 1, 8:28, 8:24] = 1
    layouts[0, 1, 36:56, 30:60] = 1
    images = torch.rand(2, 2, 3, 64, 64, generator=draw) * 0.4 - 0.6 + layouts[:, :, None]
    return images, (layouts[:, 0] != layouts[:, 1]).float()[:, None]


def check_it_learns(network: Detector, steps: int, rate: float) -> None:
    """Checks that a few steps find what appeared and what went on noisy ground."""
    images, change = noisy_pairs()
    optimizer = torch.optim.Adam(network.parameters(), rate)
    network.train()
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = F.binary_cross_entropy_with_logits(network(images[:, 0], images[:, 1]).change, change)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0], losses[:: steps // 5]
