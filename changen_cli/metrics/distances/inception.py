"""FID, KID and Inception score: torchmetrics' arithmetic on torch-fidelity's Inception, from weights the user names.

The network is the TensorFlow one of 2015 that the scores are defined on, with TensorFlow 1's way of resizing (no
anti-aliasing, corners not aligned). Nothing is ever downloaded. A score is called FID, KID or Inception score only if
the weights are the published file; from any other weights it is called what it is.
"""

from __future__ import annotations

import io
import pickle
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from changen_cli.errors import WeightsError
from changen_cli.metrics.base import Figure, absent
from changen_cli.metrics.distances.kernel import KEPT, SUBSETS, subset_size
from changen_cli.metrics.distances.reservoir import Reservoir
from changen_cli.types import AnyArray
from changen_cli.weights.card import file_sha256

PUBLISHED = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
"""SHA-256 of the published weights; its first eight digits are in their name."""

SOURCE = (
    "the weights are weights-inception-2015-12-05-6726825d.pth (91 MB, also named pt_inception-...) at "
    "https://github.com/toshas/torch-fidelity/releases/tag/v0.2.0; fetch the file yourself and give it with "
    "--inception-weights"
)
EXTRA = 'pip install "changen[metrics]"'
NAMES = ("fid", "kid", "inception_score")
OTHER_NAMES = ("frechet_inception", "kernel_inception", "score_inception")
"""What the figures are called if the weights are not the published ones."""

FEATURES = 2048
SPLITS = 10
_LEAST = 2 * SPLITS


class InceptionExtractor:
    """The Inception network of 2015.

    Attributes:
        sha256: Of the weights file.
        published: Whether it is the published file.
    """

    def __init__(self, path: Path, sha256: str | None, device: str) -> None:
        """Loads the network.

        Args:
            path: Weights: the published ``.pth``, or the same entries as ``.safetensors``.
            sha256: What the file must have, hexadecimal, or None.
            device: A torch device.

        Raises:
            WeightsError: If torch-fidelity is not installed, the file is missing, has another SHA-256, holds more than
                tensors, or its tensors are not those of the network.
        """
        try:
            from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
        except ImportError as error:
            raise WeightsError(f"FID, KID and Inception score need {error.name}; install with: {EXTRA}") from error
        if not path.is_file():
            raise WeightsError(f"{path}: no such file of Inception weights; {SOURCE}")
        self.sha256 = file_sha256(path)
        if sha256 is not None and sha256.lower() != self.sha256:
            raise WeightsError(
                f"{path}: SHA-256 is {self.sha256}, not {sha256.lower()}; the file is damaged or another one: {SOURCE}"
            )
        self.published = self.sha256 == PUBLISHED
        # torch-fidelity would unpickle whatever the file holds; it gets tensors alone, through memory
        memory = io.BytesIO()
        torch.save(_read(path), memory)
        memory.seek(0)
        try:
            self.network = FeatureExtractorInceptionV3("inception", ["2048", "logits_unbiased"], memory).to(device)
        except RuntimeError as error:
            raise WeightsError(f"{path}: its tensors are not those of torch-fidelity's Inception; {SOURCE}") from error

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


def _read(path: Path) -> dict[str, Tensor]:
    """Reads tensors by name, and nothing else."""
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        stored = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError, SafetensorError) as error:
        raise WeightsError(
            f"{path}: cannot be read as weights ({str(error).splitlines()[0]}); the file is damaged or not weights: "
            f"{SOURCE}"
        ) from error
    if not isinstance(stored, dict) or not all(isinstance(value, Tensor) for value in stored.values()):
        raise WeightsError(f"{path}: holds no tensors by name; {SOURCE}")
    return stored


class _Given(nn.Module):
    """Stands where torchmetrics expects a network: the features are there already."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.num_features = size

    def forward(self, features: Tensor) -> Tensor:
        """Returns what it is given."""
        return features


class InceptionFigures:
    """FID over all images; KID and Inception score over at most :data:`kernel.KEPT` of each set, so memory is flat."""

    def __init__(self, seed: int = 0, size: int = FEATURES) -> None:
        """Starts with nothing.

        Args:
            seed: Of the subsets of KID and the splits of the Inception score.
            size: Length of a feature vector.

        Raises:
            WeightsError: If torchmetrics is not installed.
        """
        try:
            from torchmetrics.image.fid import FrechetInceptionDistance
        except ImportError as error:
            raise WeightsError(f"FID, KID and Inception score need {error.name}; install with: {EXTRA}") from error
        self.seed, self.size = seed, size
        self.fid = FrechetInceptionDistance(feature=_Given(size))
        self.counts = {"real": 0, "synthesised": 0}
        self.features = {name: Reservoir(KEPT, seed) for name in self.counts}
        self.logits = {name: Reservoir(KEPT, seed) for name in self.counts}

    def update(self, group: str, names: Sequence[str], features: Tensor, logits: Tensor) -> None:
        """Adds images.

        Args:
            group: "real" or "synthesised".
            names: Of the images, unique in their set.
            features: float [N, size].
            logits: float [N, classes].
        """
        self.counts[group] += len(names)
        self.fid.update(features.cpu(), real=group == "real")
        rows = zip(names, features.cpu().numpy(), logits.cpu().numpy(), strict=True)
        for name, feature, logit in rows:
            # copied: a row that is a view would keep its whole batch alive
            self.features[group].add(name, feature.copy())
            self.logits[group].add(name, logit.copy())

    def compute(self) -> tuple[Figure, Figure, Figure]:
        """Computes the Frechet distance, the kernel distance and the Inception score.

        Returns:
            Each with ``value`` and the sizes of the sets; the latter two with ``std``, over subsets and over splits;
            the score also with ``real``, that of the reference, as its ceiling.
        """
        with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torchmetrics warns of memory that is bounded here
            torch.manual_seed(self.seed)
            return self._frechet(), self._kernel(), self._score()

    def _frechet(self) -> Figure:
        if min(self.counts.values()) < 2:
            return absent(f"needs at least 2 images of each kind; there are {self._sizes()}")
        return {"value": float(self.fid.compute()), **self.counts, "features": self.size}

    def _kernel(self) -> Figure:
        from torchmetrics.image.kid import KernelInceptionDistance

        size = subset_size(min(len(kept) for kept in self.features.values()))
        if size < 2:
            return absent(f"needs at least 4 images of each kind; there are {self._sizes()}")
        metric = KernelInceptionDistance(feature=_Given(self.size), subsets=SUBSETS, subset_size=size)
        for group, kept in self.features.items():
            metric.update(_tensor(kept.rows()), real=group == "real")
        mean, std = metric.compute()
        sizes = {name: len(kept) for name, kept in self.features.items()}
        return {"value": float(mean), "std": float(std), "subsets": SUBSETS, "subset_size": size, **sizes}

    def _score(self) -> Figure:
        from torchmetrics.image.inception import InceptionScore

        if len(self.logits["synthesised"]) < _LEAST:
            return absent(f"needs at least {_LEAST} synthesised images; there are {self._sizes()}")
        scores: dict[str, tuple[float, float] | None] = {"real": None}
        for group, kept in self.logits.items():
            if len(kept) >= _LEAST:
                metric = InceptionScore(feature=_Given(self.size), splits=SPLITS)
                metric.update(_tensor(kept.rows()))
                mean, std = metric.compute()
                scores[group] = (float(mean), float(std))
        made, real = scores["synthesised"], scores["real"]
        assert made is not None
        return {
            "value": made[0],
            "std": made[1],
            "splits": SPLITS,
            "synthesised": len(self.logits["synthesised"]),
            "real_score": None if real is None else real[0],
        }

    def _sizes(self) -> str:
        return f"{self.counts['synthesised']} synthesised, {self.counts['real']} real"


def _tensor(rows: AnyArray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(rows))
