from __future__ import annotations

import pytest
import torch

from changen_cli.models.changestar import ChangeStar, ChangeStarConfig
from changen_cli.models.changestar.published import our_name, read_published
from tests.fixtures.published import their_changestar


@pytest.mark.parametrize("backbone", ["resnet18", "mit_b1"])
def test_every_tensor_of_theirs_has_its_place(backbone: str) -> None:
    with torch.device("meta"):
        wanted = ChangeStar(ChangeStarConfig(backbone=backbone)).state_dict()
        theirs = their_changestar(backbone)
    arguments, found = read_published(theirs)
    assert arguments == {"backbone": backbone}
    assert {name: x.shape for name, x in found.items()} == {name: x.shape for name, x in wanted.items()}


def test_names() -> None:
    assert our_name("encoder.dec.blocks.0.0.1.running_mean") == "decoder.branches.0.1.running_mean"
    assert our_name("encoder.dec.blocks.3.2.0.weight") == "decoder.branches.3.4.0.weight"
    assert our_name("encoder.fpn.fpn_inner4.0.weight") == "neck.pyramid.lateral.3.weight"
    assert our_name("encoder.block2.1.norm1.weight") == "backbone.stages_1.blocks.1.norm1.weight"
    assert our_name("encoder.mit.norm1.weight") == "backbone.stages_0.norm.weight"
    assert our_name("head.aside.weight") == "head.aside.weight"
