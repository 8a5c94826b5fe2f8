"""Random weights of VGG-19 by torchvision's names."""

from __future__ import annotations

import torch
from torch import Tensor

CONVOLUTIONS = {
    0: (3, 64), 2: (64, 64), 5: (64, 128), 7: (128, 128), 10: (128, 256), 12: (256, 256), 14: (256, 256),
    16: (256, 256), 19: (256, 512), 21: (512, 512), 23: (512, 512), 25: (512, 512), 28: (512, 512),
}  # fmt: skip
"""Number in torchvision's ``vgg19().features``, inputs and outputs, up to the first of the last block."""


def draw_vgg_tensors() -> dict[str, Tensor]:
    """Draws the weights up to relu5_1, and makes some of the layers behind it."""
    draw = torch.Generator().manual_seed(0)
    named = {}
    for number, (inputs, outputs) in CONVOLUTIONS.items():
        named[f"features.{number}.weight"] = torch.randn(outputs, inputs, 3, 3, generator=draw) / (4 * inputs) ** 0.5
        named[f"features.{number}.bias"] = torch.randn(outputs, generator=draw) / 10
    return named | {"features.30.weight": torch.zeros(512, 512, 3, 3), "classifier.6.bias": torch.zeros(1000)}
