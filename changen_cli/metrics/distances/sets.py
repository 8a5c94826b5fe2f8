"""Distances between the sets of images: batches go through the networks, the figures see features."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from changen_cli.errors import WeightsError
from changen_cli.metrics.base import Figure, absent
from changen_cli.metrics.distances.features import Extractor, Lite0Extractor, exact_arithmetic
from changen_cli.metrics.distances.frechet import FrechetDistance
from changen_cli.metrics.distances.inception import NAMES, OTHER_NAMES, SOURCE, InceptionExtractor, InceptionFigures
from changen_cli.metrics.distances.kernel import KernelDistance
from changen_cli.types import UInt8Array

LITE0_NAMES = ("frechet_lite0", "kernel_lite0")


class Lite0Distances:
    """Frechet and kernel distance on features of one network."""

    def __init__(self, extractor: Extractor, seed: int) -> None:
        """Starts with nothing.

        Args:
            extractor: The network.
            seed: Of the subsets of the kernel distance.
        """
        self.extractor = extractor
        self.frechet, self.kernel = FrechetDistance(extractor.size), KernelDistance(seed)

    def update(self, group: str, names: list[str], images: torch.Tensor) -> None:
        """Adds images; see :meth:`ImageSets.add`."""
        features = self.extractor(images).cpu().numpy()
        self.frechet.update(group, features)
        if group in self.kernel.sets:
            self.kernel.update(group, names, np.array(features))

    def compute(self) -> dict[str, Figure]:
        """Computes both."""
        return dict(zip(LITE0_NAMES, (self.frechet.compute(), self.kernel.compute()), strict=True))


class InceptionDistances:
    """FID, KID and Inception score, or their like from other weights."""

    def __init__(self, extractor: InceptionExtractor, seed: int) -> None:
        """Starts with nothing.

        Args:
            extractor: The network.
            seed: Of subsets and splits.
        """
        self.extractor, self.figures = extractor, InceptionFigures(seed)

    def update(self, group: str, names: list[str], images: torch.Tensor) -> None:
        """Adds images; see :meth:`ImageSets.add`."""
        if group != "pre_event":
            self.figures.update(group, names, *self.extractor(images))

    def compute(self) -> dict[str, Figure]:
        """Computes them, under the names that the weights allow."""
        weights = {"weights_sha256": self.extractor.sha256}
        figures = [figure if "absent" in figure else figure | weights for figure in self.figures.compute()]
        if self.extractor.published:
            return dict(zip(NAMES, figures, strict=True))
        other = absent(f"the weights given are not the published ones, so the figures have other names; {SOURCE}")
        return dict.fromkeys(NAMES, other) | dict(zip(OTHER_NAMES, figures, strict=True))


class ImageSets:
    """Collects images to batches and gives them to every network there is.

    Attributes:
        missing: Figures that cannot be had, with their reasons.
    """

    def __init__(
        self,
        *,
        lite0: bool = True,
        inception_weights: str | None = None,
        inception_sha256: str | None = None,
        device: str = "cpu",
        batch_size: int = 16,
        seed: int = 0,
    ) -> None:
        """Loads the networks.

        Args:
            lite0: Whether to compute distances on EfficientNet-Lite0 features.
            inception_weights: File of the Inception network, or None to leave FID, KID and Inception score out.
            inception_sha256: What its SHA-256 must be, or None.
            device: A torch device.
            batch_size: Images a network sees at once.
            seed: Of the random subsets.

        Raises:
            WeightsError: If the Inception weights that are given cannot be used.
        """
        self.device, self.batch_size = device, batch_size
        self.missing: dict[str, Figure] = {}
        self._parts: list[Lite0Distances | InceptionDistances] = []
        self._waiting: dict[str, list[tuple[str, UInt8Array]]] = {}
        if not lite0:
            self.missing |= dict.fromkeys(LITE0_NAMES, absent("not asked for"))
        else:
            try:
                self._parts.append(Lite0Distances(Lite0Extractor(device), seed))
            except WeightsError as error:  # an optional package; the figure says what is missing
                self.missing |= dict.fromkeys(LITE0_NAMES, absent(str(error)))
        if inception_weights is None:
            self.missing |= dict.fromkeys(NAMES, absent(f"no Inception weights given: {SOURCE}"))
        else:
            network = InceptionExtractor(Path(inception_weights), inception_sha256, device)
            self._parts.append(InceptionDistances(network, seed))

    @property
    def networks(self) -> list[Extractor | InceptionExtractor]:
        """The networks there are; they do not change."""
        return [part.extractor for part in self._parts]

    def add(self, group: str, name: str, image: UInt8Array) -> None:
        """Adds an image to a set.

        Args:
            group: "real" (the reference), "synthesised" or "pre_event" (real frames of the series).
            name: Unique in its set.
            image: uint8 [3, H, W].
        """
        waiting = self._waiting.setdefault(group, [])
        waiting.append((name, image))
        if len(waiting) >= self.batch_size:
            self._flush(group)

    def flush(self) -> None:
        """Gives the networks what waits for a batch to be full."""
        for group in list(self._waiting):
            self._flush(group)

    def compute(self) -> dict[str, Figure]:
        """Computes every distance; what is absent says why."""
        self.flush()
        figures = dict(self.missing)
        for part in self._parts:
            figures |= part.compute()
        order = (*NAMES, *OTHER_NAMES, *LITE0_NAMES)
        return {name: figures[name] for name in order if name in figures}

    def _flush(self, group: str) -> None:
        waiting = self._waiting.pop(group, [])
        if not (waiting and self._parts):
            return
        images = torch.from_numpy(np.stack([image for _, image in waiting])).to(self.device)
        with exact_arithmetic():
            for part in self._parts:
                part.update(group, [name for name, _ in waiting], images)
