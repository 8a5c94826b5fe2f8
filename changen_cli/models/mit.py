"""Mix transformers, the encoders of SegFormer (Xie et al. 2021, section 3.1), as backbones of detectors.

timm has no network of that name. Its Pyramid Vision Transformer v2 has the same layers, though: overlapping patches,
attention whose keys and values are reduced in space, and a depthwise convolution between the two layers of each
perceptron. With an expansion of 4 at every stage (PVTv2 has 8 at the first two) it is a mix transformer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from torch import Tensor, nn

from changen_cli.errors import UsageError, WeightsError

FAMILY = "mit_"
"""What the names of all mix transformers begin with."""

REDUCTIONS = (8, 4, 2, 1)
"""By how much keys and values are reduced along each side, by stage."""

EXPANSION = 4
"""Width of the perceptron's hidden layer over that of its input."""


class MixShape(NamedTuple):
    """Sizes of a mix transformer.

    Attributes:
        channels: Of each stage.
        depths: Blocks of each stage.
        heads: Of the attention of each stage.
        patch: Kernel of the convolutions that halve the size between the stages; odd.
    """

    channels: tuple[int, ...]
    depths: tuple[int, ...]
    heads: tuple[int, ...] = (1, 2, 5, 8)
    patch: int = 3


SHAPES = {
    "mit_b0": MixShape((32, 64, 160, 256), (2, 2, 2, 2)),
    "mit_b1": MixShape((64, 128, 320, 512), (2, 2, 2, 2)),
    "mit_b2": MixShape((64, 128, 320, 512), (3, 4, 6, 3)),
}
"""Mix transformers by name (Xie et al. 2021, Table 6)."""


def mix_shape(name: str) -> MixShape:
    """Finds the sizes of a mix transformer.

    Args:
        name: A name of :data:`SHAPES`.

    Raises:
        UsageError: If there is none of that name.
    """
    if name not in SHAPES:
        raise UsageError(f"backbone {name!r}: no such mix transformer; known: {', '.join(SHAPES)}")
    return SHAPES[name]


def make_mix_transformer(shape: MixShape, drop_path: float = 0.1) -> nn.Module:
    """Makes a mix transformer with fresh weights.

    Args:
        shape: Its sizes.
        drop_path: How often the deepest block is passed over for an image in training; less for those before it.

    Returns:
        The network, which turns [B, 3, H, W], H and W multiples of 32, into a list of maps at strides 4, 8, 16 and 32.

    Raises:
        WeightsError: If timm is not installed.
    """
    try:
        import timm
    except ImportError as error:
        raise WeightsError(
            f'a mix transformer needs {error.name}; install with: pip install "changen[train]"'
        ) from error
    network: Any = timm.create_model(
        "pvt_v2_b1",
        pretrained=False,
        features_only=True,
        embed_dims=shape.channels,
        depths=shape.depths,
        num_heads=shape.heads,
        sr_ratios=REDUCTIONS,
        mlp_ratios=(EXPANSION,) * len(REDUCTIONS),
        drop_path_rate=drop_path,
    )
    if shape.patch != 3:
        for stage in range(1, len(REDUCTIONS)):
            embedding = network[f"stages_{stage}"].downsample
            old = embedding.proj
            embedding.proj = nn.Conv2d(old.in_channels, old.out_channels, shape.patch, 2, shape.patch // 2)
            nn.init.kaiming_normal_(embedding.proj.weight, mode="fan_out")  # as the other convolutions
            nn.init.zeros_(embedding.proj.bias)
    made: nn.Module = network
    return made


_PARTS = (
    (r"patch_embed1\.(.+)", "patch_embed.{1}"),
    (r"patch_embed([2-4])\.(.+)", "stages_{0}.downsample.{2}"),
    (r"block([1-4])\.(\d+)\.(.+)", "stages_{0}.blocks.{2}.{3}"),
    (r"norm([1-4])\.(.+)", "stages_{0}.norm.{2}"),
)
"""Names in SegFormer's files, and here: 0 is the stage, which counts from 0 here, and others the groups."""


def from_published(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Gives the tensors of a mix transformer the names that they have here.

    Args:
        state: Tensors by name; those of SegFormer's files ("patch_embed1.proj.weight", "block1.0.attn.q.weight",
            "norm1.weight") are renamed, others stay.
    """
    return {published_name(name): tensor for name, tensor in state.items()}


def published_name(name: str) -> str:
    """Returns what a tensor of SegFormer's files is called here; any other name as it is."""
    for pattern, here in _PARTS:
        found = re.fullmatch(pattern, name)
        if found:
            stage = int(found[1]) - 1 if found[1].isdigit() else 0
            return here.format(stage, *found.groups()).replace(".dwconv.dwconv.", ".dwconv.")
    return name
