from __future__ import annotations

import pytest
import torch
from torch import nn

from changen_cli.models.changen import GeneratorConfig
from changen_cli.models.changen.encoder import ImageEncoder


@pytest.mark.parametrize(("height", "width"), [(32, 32), (64, 96)])
def test_features_have_the_papers_channels_and_strides(height: int, width: int) -> None:
    config = GeneratorConfig(width=0.25)
    features = ImageEncoder(config.channels, config.groups)(torch.rand(2, 3, height, width))
    for i, feature in enumerate(features):
        stride = 2 ** (5 - i)
        assert feature.shape == (2, 512 // 2**i // 4, height // stride, width // stride)


def test_it_is_a_resnet18() -> None:
    """Four stages of two basic blocks: 17 convolutions on the way down, without the shortcuts."""
    encoder = ImageEncoder(GeneratorConfig().channels, 32)
    stages = (encoder.layer1, encoder.layer2, encoder.layer3, encoder.layer4)
    assert [len(stage) for stage in stages] == [2, 2, 2, 2]
    first = [stage.get_submodule("0.conv0") for stage in stages]
    assert [(conv.stride, conv.out_channels) for conv in first if isinstance(conv, nn.Conv2d)] == [
        ((1, 1), 64),
        ((2, 2), 128),
        ((2, 2), 256),
        ((2, 2), 512),
    ]


def test_the_finest_feature_sees_the_coarsest() -> None:
    """The way up joins: a far corner of the image reaches a pixel only through the coarse levels."""
    torch.manual_seed(0)
    config = GeneratorConfig(width=1 / 16)
    encoder = ImageEncoder(config.channels, config.groups)
    image = torch.rand(1, 3, 128, 128, requires_grad=True)
    encoder(image)[5][0, :, 64, 64].sum().backward()
    assert image.grad is not None
    assert image.grad[0, :, 2:10, 2:10].abs().sum() > 0
