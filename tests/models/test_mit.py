from __future__ import annotations

from math import prod
from pathlib import Path

import pytest
import torch

from changen_cli.errors import UsageError, WeightsError
from changen_cli.models.backbone import load_backbone, make_backbone
from changen_cli.models.mit import SHAPES, MixShape, make_mix_transformer, mix_shape, published_name
from tests.fixtures.published import drawn, mix_transformer

SMALL = MixShape((8, 16, 40, 64), (1, 2, 1, 1))


def test_it_has_the_size_of_its_paper() -> None:
    with torch.device("meta"):
        network = make_mix_transformer(SHAPES["mit_b1"])
    assert sum(p.numel() for p in network.parameters()) == 13_151_424
    assert sum(prod(size) for size in mix_transformer(SHAPES["mit_b1"]).values()) == 13_151_424


def test_published_weights_fit_under_their_names(tmp_path: Path) -> None:
    state = drawn(mix_transformer(SMALL)) | {"head.weight": torch.zeros(1000, 64)}
    torch.save(state, tmp_path / "mit.pth")
    network = make_mix_transformer(SMALL)
    load_backbone(network, tmp_path / "mit.pth")
    found = network.state_dict()
    assert len(found) == len(state) - 1
    assert torch.equal(found["stages_1.blocks.1.mlp.dwconv.weight"], state["block2.1.mlp.dwconv.dwconv.weight"])
    assert torch.equal(found["stages_3.norm.bias"], state["norm4.bias"])
    torch.save({k: v for k, v in state.items() if k != "norm4.bias"}, tmp_path / "less.pth")
    with pytest.raises(WeightsError, match=r"has no stages_3\.norm\.bias"):
        load_backbone(network, tmp_path / "less.pth")


def test_other_names_stay() -> None:
    assert published_name("layer1.0.norm1.weight") == "layer1.0.norm1.weight"
    assert published_name("norm.weight") == "norm.weight"
    assert published_name("patch_embed1.proj.bias") == "patch_embed.proj.bias"


def test_patches_may_be_larger() -> None:
    network = make_mix_transformer(SMALL._replace(patch=7), drop_path=0)
    assert network.stages_2.downsample.proj.weight.shape == (40, 16, 7, 7)  # type: ignore[union-attr]
    maps = network(torch.zeros(1, 3, 64, 32))
    assert [tuple(x.shape[1:]) for x in maps] == [(8, 16, 8), (16, 8, 4), (40, 4, 2), (64, 2, 1)]


def test_a_place_is_read_with_all_of_the_image() -> None:
    """Attention reaches everywhere, from the first stage on."""
    torch.manual_seed(0)
    network = make_mix_transformer(SMALL).eval()
    image = torch.rand(1, 3, 64, 64)
    other = image.clone()
    other[..., 48:, 48:] = 0
    with torch.no_grad():
        first, second = network(image)[0], network(other)[0]
    assert not torch.equal(first[..., :4, :4], second[..., :4, :4])


def test_backbones_know_them_by_name() -> None:
    with torch.device("meta"):
        _, channels = make_backbone("mit_b0")
    assert channels == (32, 64, 160, 256)
    with pytest.raises(UsageError, match="backbone 'mit_b9': no such mix transformer; known: mit_b0, mit_b1, mit_b2"):
        mix_shape("mit_b9")
