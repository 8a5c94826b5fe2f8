"""The Inception network of FID, KID and Inception score: torch-fidelity's, with weights that the user names.

The network is the TensorFlow one of 2015 that the scores are defined on, with TensorFlow 1's way of resizing (no
anti-aliasing, corners not aligned). Nothing is ever downloaded. A score is called FID, KID or Inception score only if
the weights are the published file; from any other weights it is called what it is.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from changen_cli.errors import WeightsError
from changen_cli.weights.foreign import read_tensors, verify_file

PUBLISHED = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
"""SHA-256 of the published weights; its first eight digits are in their name."""

SOURCE = (
    "the weights are weights-inception-2015-12-05-6726825d.pth (91 MB, also named pt_inception-...) at "
    "https://github.com/toshas/torch-fidelity/releases/tag/v0.2.0; fetch the file yourself and give it with "
    "--inception-weights"
)
EXTRA = 'pip install "changen[metrics]"'


class InceptionExtractor:
    """The Inception network of 2015.

    Attributes:
        size: 2048, length of a vector.
        sha256: Of the weights file.
        published: Whether it is the published file.
    """

    size = 2048

    def __init__(self, path: Path, sha256: str | None, device: str, published: str = PUBLISHED) -> None:
        """Loads the network.

        Args:
            path: Weights: the published ``.pth``, or the same entries as ``.safetensors``.
            sha256: What the file must have, hexadecimal, or None.
            device: A torch device.
            published: SHA-256 of the published file.

        Raises:
            WeightsError: If torch-fidelity is not installed, the file is missing, has another SHA-256, holds more than
                tensors, or its tensors are not those of the network.
        """
        try:
            from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
        except ImportError as error:
            raise WeightsError(f"FID, KID and Inception score need {error.name}; install with: {EXTRA}") from error
        self.sha256 = verify_file(path, sha256, SOURCE)
        self.published = self.sha256 == published
        # torch-fidelity would unpickle whatever the file holds; it gets tensors alone, through memory
        memory = io.BytesIO()
        torch.save(read_tensors(path, SOURCE), memory)
        memory.seek(0)
        try:
            self.network = FeatureExtractorInceptionV3("inception", ["2048", "logits_unbiased"], memory).to(device)
        except RuntimeError as error:
            raise WeightsError(f"{path}: its tensors are not those of torch-fidelity's Inception; {SOURCE}") from error

    @property
    def about(self) -> Mapping[str, str]:
        """The digest of the weights, without which a score says nothing."""
        return {"weights_sha256": self.sha256}

    @torch.inference_mode()
    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Extracts features and logits.

        Args:
            images: uint8 [B, 3, H, W]; resized by the network to 299 x 299.

        Returns:
            The last pooling, float32 [B, 2048], and the logits without bias, float32 [B, 1008].
        """
        features, logits = self.network(images)
        return features, logits
