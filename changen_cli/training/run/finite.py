"""Training that diverges is stopped before it replaces a good checkpoint."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from torch import nn

from changen_cli.errors import TrainingError


def require_finite(
    losses: Mapping[str, float], networks: Iterable[nn.Module], iteration: int, checkpoint: Path
) -> None:
    """Checks that losses and weights are finite.

    A finite loss can have had a gradient that is not, so weights are checked apart, before they are saved.

    Args:
        losses: Scalars of an iteration, by name.
        networks: Whose weights are checked; none to check losses alone.
        iteration: Iterations done.
        checkpoint: The last checkpoint, which may not be there yet.

    Raises:
        TrainingError: If one is not; it is named, and so is what can be gone back to.
    """
    broken = [f"loss {name}" for name, value in losses.items() if not math.isfinite(value)]
    if not broken:
        broken = [
            f"weight {type(network).__name__}.{name}"
            for network in networks
            for name, weight in network.named_parameters()
            if not bool(torch.isfinite(weight).all())
        ]
    if broken:
        good = f"the last good checkpoint is {checkpoint}" if checkpoint.exists() else "no checkpoint was written yet"
        raise TrainingError(
            f"{broken[0]} is not finite after iteration {iteration}; {good}; lower the learning rates or use fp32"
        )
