from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize

from changen_cli.errors import UsageError
from changen_cli.models.layers import one_hot
from changen_cli.models.spade import MultiScaleDiscriminator, PatchConfig, feature_matching


def draw_mask(height: int, width: int, batch: int = 2) -> torch.Tensor:
    draw = torch.Generator().manual_seed(1)
    return (torch.rand(batch, height, width, generator=draw) > 0.7).to(torch.uint8)


def test_the_discriminator_gives_features_and_scores_at_every_scale() -> None:
    torch.manual_seed(0)
    network = MultiScaleDiscriminator(PatchConfig(width=1 / 8, scales=3))
    mask = draw_mask(96, 64)
    results = network(torch.rand(2, 3, 96, 64) * 2 - 1, one_hot(mask, 2))
    assert [len(maps) for maps in results] == [5, 5, 5]
    assert [maps[0].shape[1:] for maps in results] == [(8, 49, 33), (8, 25, 17), (8, 13, 9)]
    for maps in results:
        assert maps[-1].shape[:2] == (2, 1)
    torch.stack([maps[-1].square().mean() for maps in results]).sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            assert parametrize.is_parametrized(layer, "weight")


def test_the_discriminator_looks_at_the_mask() -> None:
    torch.manual_seed(0)
    network = MultiScaleDiscriminator(PatchConfig(width=1 / 8)).eval()
    image = torch.rand(1, 3, 64, 64)
    mask = draw_mask(64, 64, batch=1)
    with torch.no_grad():
        one, other = (network(image, one_hot(m, 2))[0][-1] for m in (mask, 1 - mask))
    assert (one - other).abs().max() > 1e-3


def test_parameters_of_the_discriminator() -> None:
    with torch.device("meta"):
        network = MultiScaleDiscriminator(PatchConfig())
    assert sum(p.numel() for p in network.parameters()) == pytest.approx(5.53e6, rel=0.01)


def test_feature_matching_compares_features_not_scores() -> None:
    real = [[torch.zeros(1, 2, 4, 4), torch.ones(1, 3, 2, 2), torch.zeros(1, 1, 2, 2)]]
    fake = [[torch.full((1, 2, 4, 4), 2.0, requires_grad=True), torch.zeros(1, 3, 2, 2), torch.full((1, 1, 2, 2), 9.0)]]
    loss = feature_matching(fake, real)
    assert loss.item() == 2.0 + 1.0
    assert feature_matching(fake * 2, real * 2).item() == 3.0  # a mean over the scales
    loss.backward()
    assert fake[0][0].grad is not None


def test_no_gradient_passes_through_the_real_features() -> None:
    real = [[torch.zeros(1, 1, 2, 2, requires_grad=True), torch.zeros(1)]]
    fake = [[torch.ones(1, 1, 2, 2, requires_grad=True), torch.zeros(1)]]
    feature_matching(fake, real).backward()
    assert real[0][0].grad is None


def test_arguments_out_of_range_are_refused() -> None:
    with pytest.raises(UsageError, match="scales 0: must be a whole number from 1 to 4"):
        PatchConfig(scales=0)
