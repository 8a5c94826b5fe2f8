"""Label agreement: does a segmenter that was trained on real images read S_t+1 back from I~_t+1?

With P the pixels that the segmenter takes for building, over valid pixels of all pairs together:

    created:    |P and created| / |created|     new buildings that are seen
    removed:    |removed - P| / |removed|       removed buildings that are seen to be gone
    kept:       |P and kept| / |kept|           old buildings that are still seen
    background: |ground - P| / |ground|         ground that stays ground; keeps "all is building" from scoring well
    iou:        |P and S_t+1| / |P or S_t+1|

``real`` is what the same segmenter reads from the real images I_0 of the same places against S_0: ``building`` is the
ceiling of created and kept, ``background`` that of removed and background, ``iou`` that of iou.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Protocol

import numpy as np
from torch import Tensor

from changen_cli.metrics.base import Figure, absent, share
from changen_cli.metrics.change.pairs import Pair
from changen_cli.types import BoolArray


class Segmenter(Protocol):
    """Reads buildings from images; frozen."""

    def __call__(self, images: Tensor) -> Tensor:
        """Segments images.

        Args:
            images: float32 [B, 3, H, W] in -1..1.

        Returns:
            Logits, float [B, C, H, W]: C = 1 for building above 0, or C >= 2 with class 0 background.
        """
        ...


def buildings(logits: Tensor) -> Tensor:
    """Returns where a segmenter sees a building.

    Args:
        logits: float [B, C, H, W], as :class:`Segmenter` gives them.

    Returns:
        bool [B, H, W].
    """
    return logits[:, 0] > 0 if logits.shape[1] == 1 else logits.argmax(1) > 0


class LabelAgreement:
    """Label agreement over the pairs of a series."""

    def __init__(self) -> None:
        """Starts with nothing."""
        self._counts: Counter[str] = Counter()

    def update(self, pair: Pair, seen: BoolArray) -> None:
        """Adds a pair.

        Args:
            pair: The pair.
            seen: Where the segmenter sees a building in I~_t+1, bool [H, W].
        """
        self._part("created", pair.created, seen)
        self._part("removed", pair.removed, ~seen)
        self._part("background", pair.ground, ~seen)
        after = pair.building_after
        if pair.kept is None or after is None:
            return
        self._part("kept", pair.kept, seen)
        self._overlap("", after, seen & pair.valid)

    def update_real(self, building: BoolArray, valid: BoolArray, seen: BoolArray) -> None:
        """Adds a real image.

        Args:
            building: S_0, bool [H, W].
            valid: bool [H, W].
            seen: Where the segmenter sees a building in I_0, bool [H, W].
        """
        self._part("real building", building & valid, seen)
        self._part("real background", ~building & valid, ~seen)
        self._overlap("real ", building & valid, seen & valid)

    def compute(self) -> Figure:
        """Computes the agreement.

        Returns:
            The five shares, 0..1, None where there was nothing to share; ``real``, three of them; and ``pixels``, those
            of created, removed, kept and background. In the LEVIR layout, which does not store S_t, unchanged buildings
            are not known: there background is None, as are kept, iou and real.
        """
        names = ("created", "removed", "kept", "background")
        if not any(self._counts[f"all {name}"] for name in names):
            return absent("no pair has a valid pixel")
        known = self._counts["all kept"] or self._counts["union"]
        figure: dict[str, Any] = {name: self._share(name) for name in names}
        figure["background"] = self._share("background") if known else None
        figure["iou"] = share(self._counts["both"], self._counts["union"])
        figure["real"] = {
            "building": self._share("real building"),
            "background": self._share("real background"),
            "iou": share(self._counts["real both"], self._counts["real union"]),
        }
        figure["pixels"] = {name: self._counts[f"all {name}"] for name in names}
        return figure

    def _part(self, name: str, region: BoolArray, right: BoolArray) -> None:
        self._counts[f"all {name}"] += int(np.count_nonzero(region))
        self._counts[name] += int(np.count_nonzero(region & right))

    def _overlap(self, prefix: str, building: BoolArray, seen: BoolArray) -> None:
        self._counts[f"{prefix}both"] += int(np.count_nonzero(building & seen))
        self._counts[f"{prefix}union"] += int(np.count_nonzero(building | seen))

    def _share(self, name: str) -> float | None:
        return share(self._counts[name], self._counts[f"all {name}"])
