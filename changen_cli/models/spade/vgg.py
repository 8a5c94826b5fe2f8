"""The layers of VGG-19 that SPADE's perceptual loss compares (Simonyan and Zisserman 2015, configuration E).

Named as in torchvision's ``vgg19`` (``features.0.weight`` and so on), so that its published weights fit. They are not
shipped: whoever has the file names it (``--vgg-weights``).
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from changen_cli.errors import WeightsError

WEIGHTS = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1.0)
"""Weights of the five layers in the published loss, relu1_1 first."""

SOURCE = (
    "the weights are those of torchvision's vgg19 (vgg19-dcbb9e9d.pth, or its entries as .safetensors); fetch the file "
    "yourself and give it with --vgg-weights"
)

_BLOCKS = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 1))
"""Channels and convolutions of each block, up to the first of the last block, behind which nothing is compared."""

_MEAN = (0.485, 0.456, 0.406)
_DEVIATION = (0.229, 0.224, 0.225)


class Vgg19Features(nn.Module):
    """VGG-19 up to relu5_1, frozen.

    Attributes:
        channels: Channels of relu1_1, relu2_1, relu3_1, relu4_1 and relu5_1.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        """Makes the layers and takes their weights.

        Args:
            tensors: State of torchvision's ``vgg19``, by name; layers behind relu5_1 are passed over.

        Raises:
            WeightsError: If they are not the tensors of VGG-19.
        """
        super().__init__()
        self.channels = tuple(channels for channels, _ in _BLOCKS)
        # numbered with the ReLU and the pooling behind each, which have no weights
        layers: dict[str, nn.Conv2d] = {}
        inputs, number = 3, 0
        for channels, count in _BLOCKS:
            for _ in range(count):
                layers[str(number)] = nn.Conv2d(inputs, channels, 3, padding=1)
                inputs, number = channels, number + 2
            number += 1
        self.features = nn.ModuleDict(layers)
        self.register_buffer("mean", torch.tensor(_MEAN)[:, None, None], persistent=False)
        self.register_buffer("deviation", torch.tensor(_DEVIATION)[:, None, None], persistent=False)
        wanted = {name: tensors[name] for name in self.state_dict() if name in tensors}
        try:
            self.load_state_dict(wanted)
        except RuntimeError as error:
            raise WeightsError(f"the tensors are not those of VGG-19; {SOURCE}") from error
        self.requires_grad_(False)
        self.eval()

    def forward(self, image: Tensor) -> list[Tensor]:
        """Extracts features.

        Args:
            image: float [B, 3, H, W] in -1..1, H and W at least 16; normalised as the weights were trained.

        Returns:
            relu1_1, relu2_1, relu3_1, relu4_1 and relu5_1, at stride 1, 2, 4, 8 and 16.
        """
        x = ((image + 1) / 2 - self.mean) / self.deviation
        found: list[Tensor] = []
        layers = iter(self.features.values())
        for block, (_, count) in enumerate(_BLOCKS):
            if block:
                x = F.max_pool2d(x, 2)
            for place in range(count):
                x = F.relu(next(layers)(x))
                if not place:
                    found.append(x)
        return found
