from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from changen_cli.errors import UsageError
from changen_cli.models.deepfill import HoleDiscriminator, HoleDiscriminatorConfig

Inputs = Callable[..., tuple[Tensor, Tensor]]


def test_the_discriminator_scores_every_place_and_looks_at_the_hole(inputs: Inputs) -> None:
    torch.manual_seed(0)
    network = HoleDiscriminator(HoleDiscriminatorConfig(width=1 / 16))
    image, hole = inputs(128, 100)
    scores = network(image, hole)
    assert scores.shape == (2, 16, 2, 2)
    assert (network(image, 1 - hole) - scores).abs().max() > 1e-4
    F.relu(1 - scores).mean().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name


def test_arguments_out_of_range_are_refused() -> None:
    with pytest.raises(UsageError, match=r"must be a number from 0\.0625 to 4"):
        HoleDiscriminatorConfig(width=0)
