from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest
import timm
import torch
from safetensors.torch import save_file

from changen_cli.errors import UsageError, WeightsError
from changen_cli.models.changestar import ChangeStar, ChangeStarConfig
from tests.models.detector_checks import check_detector, check_it_learns, multiply_adds


def make(layouts: bool = True) -> ChangeStar:
    return ChangeStar(ChangeStarConfig(pyramid=16, width=8, layouts=layouts))


def count(config: ChangeStarConfig) -> int:
    with torch.device("meta"):
        return sum(p.numel() for p in ChangeStar(config).parameters())


def test_it_has_the_size_of_the_paper() -> None:
    """Table 6: 16.4 M parameters, 16.3 GMAC for a pair of 256 px; Table 8: 65.3 at 512."""
    assert count(ChangeStarConfig()) == 16_401_569
    assert count(ChangeStarConfig(layouts=True)) == 16_401_569 + 97
    with torch.device("meta"):
        network = ChangeStar(ChangeStarConfig()).eval()
    assert multiply_adds(network, 256) == pytest.approx(16.30, abs=0.005)
    assert multiply_adds(network, 512) == pytest.approx(65.21, abs=0.005)


@pytest.mark.parametrize(
    ("backbone", "mixin", "parameters", "at_256", "at_512"),
    [
        ("mit_b1", "one", 18_392_865, 16.01, 67.16),
        ("resnet18", "four", 19_317_905, 22.30, None),
        ("resnet50", "four", 33_959_569, 29.00, None),
        ("resnext101_32x4d", "four", 52_580_241, 39.14, None),
    ],
)
def test_its_relatives_have_the_sizes_of_the_paper(
    backbone: str, mixin: Literal["one", "four"], parameters: int, at_256: float, at_512: float | None
) -> None:
    """Table 6: 18.4 M and 16.0 GMAC of 1x96 on MiT-B1; 19.3, 33.9, 52.5 M and 22.3, 29.0, 39.2 of ChangeStar."""
    config = ChangeStarConfig(backbone=backbone, mixin=mixin, width=96 if mixin == "one" else 256)
    assert count(config) == parameters
    with torch.device("meta"):
        network = ChangeStar(config).eval()
    assert multiply_adds(network, 256) == pytest.approx(at_256, rel=0.005)
    if at_512 is not None:
        assert multiply_adds(network, 512) == pytest.approx(at_512, rel=0.005)


def test_its_parts_have_the_sizes_that_add_up() -> None:
    with torch.device("meta"):
        network = ChangeStar(ChangeStarConfig())
    parts = {
        "backbone": network.backbone,
        "pyramid": network.neck.pyramid,
        "relation": network.neck.relation,
        "decoder": network.decoder,
        "mixin": network.mixin,
        "head": network.head,
    }
    sizes = {name: sum(p.numel() for p in part.parameters()) for name, part in parts.items()}
    assert sizes == {
        "backbone": 11_176_512,
        "pyramid": 2_605_056,
        "relation": 1_318_912,
        "decoder": 1_134_912,
        "mixin": 166_080,
        "head": 97,
    }


def test_it_does_what_every_detector_does() -> None:
    check_detector(make)


@pytest.mark.parametrize("other", [{"mixin": "four"}, {"backbone": "mit_b0"}])
def test_so_do_its_relatives(other: dict[str, Any]) -> None:
    check_detector(lambda layouts: ChangeStar(ChangeStarConfig(pyramid=16, width=8, layouts=layouts, **other)))


@pytest.mark.slow
def test_it_learns_what_changed() -> None:
    torch.manual_seed(0)
    check_it_learns(make(False), 80, 5e-3)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_its_backbone_takes_weights_from_a_file(suffix: str, tmp_path: Path) -> None:
    torch.manual_seed(1)
    state = timm.create_model("resnet18").state_dict()  # with its classifier
    path = tmp_path / f"resnet18{suffix}"
    if suffix == ".pth":
        torch.save(state, path)
    else:
        save_file(state, path)
    network = make()
    network.load_imagenet(path)
    assert torch.equal(network.backbone.state_dict()["layer4.1.conv2.weight"], state["layer4.1.conv2.weight"])


def test_weights_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    network = make()
    with pytest.raises(WeightsError, match=r"no package ships ImageNet weights of resnet18; give --imagenet-weights"):
        network.load_imagenet(None)
    with pytest.raises(WeightsError, match=r"gone\.pth: no such file"):
        network.load_imagenet(tmp_path / "gone.pth")
    torch.save(timm.create_model("resnet34").state_dict() | {"conv1.weight": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(WeightsError, match=r"other\.pth: conv1\.weight has another shape"):
        network.load_imagenet(tmp_path / "other.pth")
    (tmp_path / "page.pth").write_text("<html>")
    with pytest.raises(WeightsError, match=r"page\.pth: not a file of weights"):
        network.load_imagenet(tmp_path / "page.pth")
    with pytest.raises(UsageError, match="backbone 'resnet9000': timm has no such network"):
        ChangeStar(ChangeStarConfig(backbone="resnet9000"))
