"""The files of ChangeStar(1x96) that the paper's authors publish: their names of its layers, and ours."""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

from changen_cli.models.mit import published_name

_LAYERS = (
    (r"encoder\.resnet\.(.+)", "backbone.{1}"),
    (r"encoder\.fpn\.fpn_inner([1-4])\.0\.(.+)", "neck.pyramid.lateral.{0}.{2}"),
    (r"encoder\.fpn\.fpn_layer([1-4])\.0\.(.+)", "neck.pyramid.smooth.{0}.{2}"),
    (r"encoder\.fsr\.scene_encoder\.(.+)", "neck.relation.scene.{1}"),
    (r"encoder\.fsr\.content_encoders\.(.+)", "neck.relation.content.{1}"),
    (r"encoder\.fsr\.feature_reencoders\.(.+)", "neck.relation.encoded.{1}"),
    (r"decoder\.conv\.(.+)", "mixin.{1}"),
    (r"head\.change_conv\.0\.(.+)", "head.0.{1}"),
)
"""Names in the files, and here: 0 is the level, which counts from 0 here, and others the groups."""

_DECODER = r"encoder\.dec\.blocks\.(\d)\.(\d)\.([01])\.(.+)"
_TRANSFORMER = r"encoder\.(?:\w+\.)??((?:patch_embed|block|norm)[1-4]\..+)"


def our_name(name: str) -> str:
    """Returns what a tensor of the files is called here; one that is in none of them as it is."""
    decoder = re.fullmatch(_DECODER, name)
    if decoder:
        level, step, layer, rest = decoder.groups()
        # the finest level is one layer by itself; others alternate with enlargements
        place = f"{layer}" if level == "0" else f"{2 * int(step)}.{layer}"
        return f"decoder.branches.{level}.{place}.{rest}"
    transformer = re.fullmatch(_TRANSFORMER, name)
    if transformer:
        return f"backbone.{published_name(transformer[1])}"
    for pattern, here in _LAYERS:
        found = re.fullmatch(pattern, name)
        if found:
            level = str(int(found[1]) - 1) if found[1].isdigit() else ""
            return here.format(level, *found.groups())
    return name


def read_published(state: Mapping[str, Tensor]) -> tuple[dict[str, object], dict[str, Tensor]]:
    """Reads ChangeStar(1x96) as its authors publish it, on ResNet-18 or MiT-B1.

    Args:
        state: Tensors by their names.

    Returns:
        Arguments of :class:`~changen_cli.models.changestar.ChangeStarConfig`, and tensors by our names. What has no
        place in the network keeps its name.
    """
    transformer = any(re.fullmatch(_TRANSFORMER, name) for name in state)
    backbone = "mit_b1" if transformer else "resnet18"
    return {"backbone": backbone}, {our_name(name): tensor for name, tensor in state.items()}
