from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from changen_cli.errors import UsageError, WeightsError
from changen_cli.models.backbone import load_backbone, make_backbone
from changen_cli.models.mit import (
    EXPANSION,
    REDUCTIONS,
    SHAPES,
    MixShape,
    make_mix_transformer,
    mix_shape,
    published_name,
)

SMALL = MixShape((8, 16, 40, 64), (1, 2, 1, 1))


def published(shape: MixShape) -> dict[str, Tensor]:
    """Makes tensors with the names and shapes of SegFormer's files, each with values of its own."""
    sizes: dict[str, tuple[int, ...]] = {}
    before = 3
    for stage, (d, depth, reduction) in enumerate(zip(shape.channels, shape.depths, REDUCTIONS, strict=True), 1):
        kernel = shape.patch if stage > 1 else 7
        sizes |= {f"patch_embed{stage}.proj.weight": (d, before, kernel, kernel), f"patch_embed{stage}.proj.bias": (d,)}
        sizes |= {f"patch_embed{stage}.norm.{part}": (d,) for part in ("weight", "bias")}
        sizes |= {f"norm{stage}.{part}": (d,) for part in ("weight", "bias")}
        for block in range(depth):
            start = f"block{stage}.{block}"
            linear = {"attn.q": (d, d), "attn.kv": (2 * d, d), "attn.proj": (d, d)}
            linear |= {"mlp.fc1": (EXPANSION * d, d), "mlp.fc2": (d, EXPANSION * d)}
            norms = ["norm1", "norm2"]
            if reduction > 1:
                sizes |= {f"{start}.attn.sr.weight": (d, d, reduction, reduction), f"{start}.attn.sr.bias": (d,)}
                norms.append("attn.norm")
            for name, size in linear.items():
                sizes |= {f"{start}.{name}.weight": size, f"{start}.{name}.bias": size[:1]}
            sizes |= {f"{start}.{name}.{part}": (d,) for name in norms for part in ("weight", "bias")}
            sizes |= {f"{start}.mlp.dwconv.dwconv.weight": (EXPANSION * d, 1, 3, 3)}
            sizes |= {f"{start}.mlp.dwconv.dwconv.bias": (EXPANSION * d,)}
        before = d
    draw = torch.Generator().manual_seed(0)
    return {name: torch.randn(size, generator=draw) for name, size in sizes.items()}


def test_it_has_the_size_of_its_paper() -> None:
    with torch.device("meta"):
        network = make_mix_transformer(SHAPES["mit_b1"])
    assert sum(p.numel() for p in network.parameters()) == 13_151_424
    assert sum(x.numel() for x in published(SHAPES["mit_b1"]).values()) == 13_151_424


def test_published_weights_fit_under_their_names(tmp_path: Path) -> None:
    state = published(SMALL) | {"head.weight": torch.zeros(1000, 64)}
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
