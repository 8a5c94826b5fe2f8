from __future__ import annotations

from pathlib import Path

import pytest
import timm
import torch

from changen_cli.errors import UsageError, WeightsError
from changen_cli.models.cdnet import CDNet, CDNetConfig
from tests.models.detector_checks import check_change, check_it_learns


def make() -> CDNet:
    return CDNet(CDNetConfig(widths=(16, 8, 8, 4, 4)))


def test_it_has_the_size_of_its_paper() -> None:
    """Table 8: 14.3 M."""
    with torch.device("meta"):
        network = CDNet(CDNetConfig())
    assert sum(p.numel() for p in network.parameters()) == 14_328_209


def test_it_does_what_every_detector_does() -> None:
    check_change(make, symmetric=True)


def test_of_two_equal_images_it_sees_nothing() -> None:
    torch.manual_seed(0)
    network = make().eval()
    one, two = torch.rand(2, 1, 3, 64, 64) * 2 - 1
    with torch.no_grad():
        assert torch.equal(network(one, one).change, network(two, two).change)
        assert not torch.equal(network(one, two).change, network(one, one).change)


@pytest.mark.slow
def test_it_learns_what_changed() -> None:
    torch.manual_seed(0)
    check_it_learns(make(), 60, 5e-3)


def test_its_backbone_takes_weights_from_a_file(tmp_path: Path) -> None:
    state = timm.create_model("resnet18").state_dict()
    torch.save(state, tmp_path / "resnet18.pth")
    network = make()
    network.load_imagenet(tmp_path / "resnet18.pth")
    assert torch.equal(network.backbone.state_dict()["conv1.weight"], state["conv1.weight"])
    with pytest.raises(WeightsError, match="no package ships ImageNet weights of resnet18; give --imagenet-weights"):
        network.load_imagenet(None)


def test_a_decoder_has_five_levels() -> None:
    with pytest.raises(UsageError, match=r"widths \[8, 4\]: give 5 numbers of channels"):
        CDNetConfig(widths=(8, 4))
