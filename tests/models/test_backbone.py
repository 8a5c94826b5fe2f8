from __future__ import annotations

import pytest
import torch

from changen_cli.errors import UsageError
from changen_cli.models.backbone import IMAGENET, make_backbone, normalise


def test_features_at_four_strides() -> None:
    network, channels = make_backbone("resnet18")
    assert channels == (64, 128, 256, 512)
    maps = network(torch.zeros(1, 3, 64, 96))
    assert [tuple(x.shape[1:]) for x in maps] == [(64, 16, 24), (128, 8, 12), (256, 4, 6), (512, 2, 3)]
    with pytest.raises(UsageError, match=r"'vit_tiny_patch16_224': gives no features at strides 4, 8, 16, 32"):
        make_backbone("vit_tiny_patch16_224")


def test_pixels_become_those_of_imagenet() -> None:
    mean, deviation = map(torch.tensor, IMAGENET)
    one = normalise((2 * mean - 1)[None, :, None, None])
    torch.testing.assert_close(one, torch.zeros_like(one), rtol=0, atol=1e-6)
    white = normalise(torch.ones(1, 3, 1, 1)).flatten()
    torch.testing.assert_close(white, (1 - mean) / deviation)
