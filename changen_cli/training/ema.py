"""The moving average of the generator's weights: what is sampled, evaluated and shipped."""

from __future__ import annotations

import copy

import torch
from torch import nn
from torch.optim.swa_utils import get_ema_multi_avg_fn


class MovingAverage:
    """Exponential moving average of a network, with a warm-up so that the first weights are soon forgotten."""

    def __init__(self, network: nn.Module, decay: float) -> None:
        """Starts from the present weights.

        Args:
            network: Network to follow.
            decay: Decay after warm-up, 0..1.
        """
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def update(self, network: nn.Module, iteration: int) -> None:
        """Moves the average towards a network.

        Args:
            network: The network that is trained.
            iteration: Updates it has seen; the decay is at most (1 + iteration) / (10 + iteration).
        """
        decay = min(self.decay, (1 + iteration) / (10 + iteration))
        # all at once: on GPUs the launches would cost more than the averages
        move = get_ema_multi_avg_fn(decay)
        move(tuple(self.network.parameters()), tuple(network.parameters()), iteration)
        for kept, value in zip(self.network.buffers(), network.buffers(), strict=True):
            kept.copy_(value)
