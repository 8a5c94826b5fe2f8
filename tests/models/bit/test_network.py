from __future__ import annotations

from pathlib import Path

import pytest
import timm
import torch

from changen_cli.models.bit import BiT, BiTConfig
from tests.models.detector_checks import check_change, check_it_learns


def make() -> BiT:
    return BiT(BiTConfig(width=8, decoders=2, heads=2, encoder_channels=4, decoder_channels=4))


def test_it_has_the_size_of_its_paper() -> None:
    """11.944 M with what of ResNet-18 nothing uses, and with a second class."""
    with torch.device("meta"):
        network, whole = BiT(BiTConfig()), timm.create_model("resnet18")
    unused = sum(p.numel() for name in ("layer4", "fc") for p in whole.get_submodule(name).parameters())
    second_class = 32 * 9 + 1
    found = sum(p.numel() for p in network.parameters())
    assert found == 3_036_737
    assert found + unused + second_class == 11_943_754


def test_it_does_what_every_detector_does() -> None:
    check_change(make, symmetric=False)


def test_a_date_knows_of_the_other_by_the_tokens_alone() -> None:
    """Where tokens say nothing, two equal images have no difference, and the order of the dates no meaning."""
    torch.manual_seed(0)
    network = make().eval()
    one, two = torch.rand(2, 1, 3, 64, 64) * 2 - 1
    with torch.no_grad():
        assert not torch.allclose(network(one, two).change, network(two, one).change, rtol=0, atol=1e-7)
        for number in range(len(network.decoder)):
            network.get_parameter(f"decoder.{number}.attention.value.weight").zero_()
        torch.testing.assert_close(network(one, two).change, network(two, one).change)
        assert torch.equal(network(one, one).change, network(two, two).change)


def test_features_have_a_quarter_of_the_size() -> None:
    network = make().eval()
    (deep,) = network.backbone(torch.zeros(1, 3, 64, 32))
    assert deep.shape == (1, 256, 8, 4)
    seen: list[torch.Tensor] = []
    network.project.register_forward_hook(lambda _, given, found: seen.append(found))
    network(*torch.zeros(2, 1, 3, 64, 32))
    assert seen[0].shape == (2, 8, 16, 8)


@pytest.mark.slow
def test_it_learns_what_changed() -> None:
    torch.manual_seed(0)
    check_it_learns(make(), 100, 5e-3)


def test_its_backbone_takes_weights_from_a_file(tmp_path: Path) -> None:
    state = timm.create_model("resnet18").state_dict()
    torch.save(state, tmp_path / "resnet18.pth")
    network = make()
    network.load_imagenet(tmp_path / "resnet18.pth")
    assert torch.equal(network.backbone.state_dict()["layer3.1.conv2.weight"], state["layer3.1.conv2.weight"])
