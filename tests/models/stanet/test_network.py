from __future__ import annotations

from pathlib import Path

import pytest
import timm
import torch

from changen_cli.errors import UsageError, WeightsError
from changen_cli.models.stanet import STANet, STANetConfig
from tests.models.detector_checks import check_change


def make() -> STANet:
    return STANet(STANetConfig(reduced=8, fused=16, width=8))


def test_it_has_the_size_of_its_paper() -> None:
    with torch.device("meta"):
        network = STANet(STANetConfig())
    assert sum(p.numel() for p in network.parameters()) == 16_929_024


def test_it_does_what_every_detector_does() -> None:
    check_change(make, symmetric=True)


def test_equal_images_are_as_near_as_can_be() -> None:
    torch.manual_seed(0)
    network = make().eval()
    one, two = torch.rand(2, 1, 3, 64, 64) * 2 - 1
    with torch.no_grad():
        torch.testing.assert_close(network(one, one).change, torch.full((1, 1, 64, 64), -1.0))
        assert bool((network(one, two).change > -1).any())


def test_its_backbone_takes_weights_of_a_resnet_18(tmp_path: Path) -> None:
    state = timm.create_model("resnet18").state_dict()
    torch.save(state, tmp_path / "resnet18.pth")
    network = make()
    fresh = network.backbone.state_dict()["layer4.2.conv1.weight"].clone()
    network.load_imagenet(tmp_path / "resnet18.pth")
    loaded = network.backbone.state_dict()
    assert torch.equal(loaded["layer4.1.conv2.weight"], state["layer4.1.conv2.weight"])
    assert torch.equal(loaded["layer4.2.conv1.weight"], fresh)
    torch.save({k: v for k, v in state.items() if k != "bn1.weight"}, tmp_path / "less.pth")
    with pytest.raises(WeightsError, match=r"has no bn1\.weight"):
        network.load_imagenet(tmp_path / "less.pth")


def test_queries_have_an_eighth_of_the_width() -> None:
    with pytest.raises(UsageError, match="width 12: must be a multiple of 8"):
        STANetConfig(width=12)
