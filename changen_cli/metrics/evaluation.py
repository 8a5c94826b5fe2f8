"""The figures of pairs of images in memory, wherever they come from: a stored series, or a model in training."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
from torch import nn

from changen_cli.metrics.base import Figure, absent
from changen_cli.metrics.change.agreement import LabelAgreement
from changen_cli.metrics.change.drift import BackgroundDrift
from changen_cli.metrics.change.leakage import Leakage
from changen_cli.metrics.change.pairs import Pair
from changen_cli.metrics.change.segmenter import load_segmenter, see_buildings
from changen_cli.metrics.change.structure import edge_structure
from changen_cli.metrics.distances.features import exact_arithmetic
from changen_cli.metrics.distances.sets import ImageSets
from changen_cli.types import UInt8Array

NO_SEGMENTER = (
    "no segmenter given: train one on real scenes with changen train --model segmenter, and name its weights with "
    "--segmenter"
)


class Evaluation:
    """All figures that are read from images and layouts.

    Images are let go as they are seen: what is kept are sums, samples of bounded size, and less than a batch.

    Attributes:
        segmenter_card: Name and SHA-256 of the segmenter's weights; None without one.
    """

    def __init__(
        self,
        *,
        segmenter: str | None = None,
        inception_weights: str | None = None,
        inception_sha256: str | None = None,
        lite0: bool = True,
        device: str = "cpu",
        batch_size: int = 16,
        seed: int = 0,
    ) -> None:
        """Loads the networks.

        Args:
            segmenter: Name or path of weights, or None to leave the label agreement out.
            inception_weights: File of the Inception network, or None to leave FID, KID and Inception score out.
            inception_sha256: What its SHA-256 must be, or None.
            lite0: Whether to compute distances on EfficientNet-Lite0 features.
            device: A torch device.
            batch_size: Images a network sees at once.
            seed: Of the random subsets.

        Raises:
            WeightsError: If weights that are named cannot be used.
        """
        self._sets = ImageSets(
            lite0=lite0,
            inception_weights=inception_weights,
            inception_sha256=inception_sha256,
            device=device,
            batch_size=batch_size,
            seed=seed,
        )
        self._leakage, self._drift, self._agreement = Leakage(), BackgroundDrift(), LabelAgreement()
        self._device, self._batch_size = device, batch_size
        self._segmenter: nn.Module | None = None
        self.segmenter_card: dict[str, str] | None = None
        if segmenter is not None:
            self._segmenter, card = load_segmenter(segmenter, device)
            self.segmenter_card = {"name": card.name, "sha256": card.sha256}
        # for the segmenter: a pair, and whether it is the real I_t that is to be read and not I~_t+1
        self._waiting: list[tuple[Pair, bool]] = []

    def see_real(self, name: str, image: UInt8Array, group: str = "real") -> None:
        """Adds a real image to the sets that distances are taken between.

        Args:
            name: Unique in its set.
            image: uint8 [3, H, W].
            group: "real" for the reference; "pre_event" for an I_0 of what is evaluated, whose own distance to the
                reference is what to compare with.
        """
        self._sets.add(group, name, image)

    def see_pair(self, pair: Pair) -> None:
        """Adds a pair: I~_t+1 to the synthesised images, and the pair to every other figure."""
        before, after = edge_structure(pair.before), edge_structure(pair.after)
        self._leakage.update(pair, before, after)
        self._drift.update(pair, before, after)
        self._sets.add("synthesised", pair.id, pair.after)
        self._wait(pair, False)

    def see_truth(self, pair: Pair) -> None:
        """Adds a real I_t with its S_t: what label agreement the segmenter reaches there (``real`` of that figure).

        Args:
            pair: Its ``before`` is a real image; one whose S_t is not known is passed over.
        """
        if pair.building_before is not None:
            self._wait(pair, True)

    def flush(self) -> None:
        """Gives the networks what waits for a batch to be full."""
        self._sets.flush()
        self._segment()

    def branch(self) -> Evaluation:
        """Returns an evaluation that has seen what this one has, and goes on by itself.

        The networks are shared, so that real images need to be seen only once for any number of evaluations.
        """
        self.flush()
        shared = [*self._sets.networks, self._segmenter]
        memo: dict[int, Any] = {id(network): network for network in shared if network is not None}
        return copy.deepcopy(self, memo)

    def figures(self) -> dict[str, Figure]:
        """Computes every figure.

        Returns:
            The distances by their names, "leakage", "label_agreement" and "background_drift"; see the module of each.
            One that cannot be had stands there as absent, with the reason.
        """
        self.flush()
        return {
            **self._sets.compute(),
            "leakage": self._leakage.compute(),
            "label_agreement": absent(NO_SEGMENTER) if self._segmenter is None else self._agreement.compute(),
            "background_drift": self._drift.compute(),
        }

    def _wait(self, pair: Pair, real: bool) -> None:
        if self._segmenter is None:
            return
        self._waiting.append((pair, real))
        if len(self._waiting) >= self._batch_size:
            self._segment()

    def _segment(self) -> None:
        """Runs the segmenter over the images that wait."""
        waiting, self._waiting = self._waiting, []
        if self._segmenter is None or not waiting:
            return
        images = np.stack([pair.before if real else pair.after for pair, real in waiting])
        with exact_arithmetic():
            seen = see_buildings(self._segmenter, torch.from_numpy(images).to(self._device))
        for (pair, real), where in zip(waiting, seen, strict=True):
            if real:
                building = pair.building_before
                assert building is not None, "others do not wait"
                self._agreement.update_real(building, pair.valid, where)
            else:
                self._agreement.update(pair, where)
