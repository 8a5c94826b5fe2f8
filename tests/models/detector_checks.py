"""What every detector must do; the test of each one calls :func:`check_detector` with its own."""

from __future__ import annotations

from collections.abc import Callable

import torch
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
    """Checks shapes, types, independence of neighbours and gradients.

    Args:
        make: Makes a small network with fresh weights, with or without a head for layouts.
    """
    torch.manual_seed(0)
    network = make(True).eval()
    with torch.inference_mode():
        for size in ((32, 32), (33, 70), (64, 96)):
            images = torch.rand(3, 3, *size) * 2 - 1, torch.rand(3, 3, *size) * 2 - 1
            found = network(*images)
            assert found.layouts is not None
            assert found.change.shape == (3, 1, *size)
            assert found.layouts.shape == (3, 2, *size)
            assert found.change.dtype == found.layouts.dtype == torch.float32
            alone = network(*(image[1:2] for image in images))
            torch.testing.assert_close(alone.change[0], found.change[1], rtol=1e-4, atol=1e-4)
            swapped = network(*images[::-1])
            assert swapped.layouts is not None
            torch.testing.assert_close(swapped.layouts.flip(1), found.layouts, rtol=1e-4, atol=1e-4)
            assert not torch.allclose(swapped.change, found.change)
        assert make(False).eval()(*images).layouts is None
    network = make(True).train()
    found = network(torch.rand(2, 3, 64, 64) * 2 - 1, torch.rand(2, 3, 64, 64) * 2 - 1)
    assert found.layouts is not None
    (found.change.square().mean() + found.layouts.square().mean()).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert bool(torch.isfinite(parameter.grad).all()), name


def check_it_learns(network: Detector, steps: int, rate: float) -> None:
    """Checks that a few steps find what appeared and what went on noisy ground."""
    draw = torch.Generator().manual_seed(2)
    layouts = torch.zeros(2, 2, 64, 64)
    layouts[:, 0, 8:28, 8:24] = 1
    layouts[0, 1, 8:28, 8:24] = 1
    layouts[0, 1, 36:56, 30:60] = 1
    images = torch.rand(2, 2, 3, 64, 64, generator=draw) * 0.4 - 0.6 + layouts[:, :, None]
    change = (layouts[:, 0] != layouts[:, 1]).float()[:, None]
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
