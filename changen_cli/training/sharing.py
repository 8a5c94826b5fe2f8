"""What networks need to be trained by several processes, or in several parts: a sound spectral and batch norm."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils import parametrize

from changen_cli.errors import TrainingError


@contextmanager
def power_iteration_held(*networks: nn.Module) -> Iterator[None]:
    """Keeps the singular vectors of every spectral norm as they are inside the block.

    Args:
        *networks: Networks in training mode.
    """
    norms = [
        norm
        for network in networks
        for layer in network.modules()
        if isinstance(layer, parametrize.ParametrizationList)
        for norm in layer
        if norm.training
    ]
    for norm in norms:
        norm.eval()
    try:
        yield
    finally:
        for norm in norms:
            norm.train()


def batch_norm_over_all(network: nn.Module) -> None:
    """Makes every batch normalisation of a network take its statistics over all processes, in place.

    Args:
        network: A network that several processes are about to train.

    Raises:
        TrainingError: If it has one and is not on a GPU, where PyTorch cannot do that.
    """
    if not any(isinstance(layer, _BatchNorm) and layer.training for layer in network.modules()):
        return
    if next((p.device.type for p in network.parameters()), "cpu") != "cuda":
        raise TrainingError(
            f"{type(network).__name__} normalises over the batch, and only on GPUs can several processes do that; "
            "train it in one process, or set 'norm: group' in the recipe's generator"
        )
    nn.SyncBatchNorm.convert_sync_batchnorm(network)
