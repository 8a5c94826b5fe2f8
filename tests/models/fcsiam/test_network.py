from __future__ import annotations

import pytest
import torch
from torch import nn

from changen_cli.models.fcsiam import FCSiamDiff, FCSiamDiffConfig
from tests.models.detector_checks import check_change, check_it_learns


def make() -> FCSiamDiff:
    network = FCSiamDiff(FCSiamDiffConfig(width=4))
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.kaiming_normal_(layer.weight)  # else hardly anything of the coarsest level arrives
    return network


def test_it_has_the_size_of_its_paper() -> None:
    """1.350 M with two classes; one logit has 145 parameters less."""
    with torch.device("meta"):
        network = FCSiamDiff(FCSiamDiffConfig())
    assert sum(p.numel() for p in network.parameters()) + 145 == 1_350_146
    assert [layer.in_channels for layer in network.enlarge] == [16, 32, 64, 128]


def test_it_does_what_every_detector_does() -> None:
    check_change(make, symmetric=False)


def test_of_two_equal_images_the_decoder_sees_the_coarsest_level_alone() -> None:
    torch.manual_seed(0)
    network = make().eval()
    image = torch.rand(1, 3, 32, 32) * 2 - 1
    seen: list[torch.Tensor] = []
    for layer in network.decoder:
        layer.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    with torch.no_grad():
        network(image, image)
    assert all(bool((x[:, x.shape[1] // 2 :] == 0).all()) for x in seen)
    assert len(seen) == 4


@pytest.mark.slow
def test_it_learns_what_changed() -> None:
    torch.manual_seed(0)
    check_it_learns(FCSiamDiff(FCSiamDiffConfig(width=8, dropout=0.0)), 80, 5e-3)
