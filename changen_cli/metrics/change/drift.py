"""Background drift: how much ground changes that should not; is it still the same place?

Measured on ground that is background in S_t and S_t+1, :data:`AWAY` pixels from any building, any change and any edge
of the data, and only where a pair has at least :data:`LEAST` such pixels. With a, b the gain and offset that give each
band of I~_t+1 the mean and deviation that the band of I_t has there (a generator may light the same place anew):

    difference:         mean |I_t - I~_t+1|, grey levels of 0..255, no matching
    matched_difference: mean |I_t - (a I~_t+1 + b)|: what no global change of colours explains
    ssim:               mean structural similarity (Wang et al. 2004; Gaussian window, sigma 1.5) of I_t, a I~_t+1 + b
    structure:          similarity of edge structure (:mod:`changen_cli.metrics.change.structure`)

each averaged over pairs, weighted by their pixels. Mean and deviation are matched rather than a line fitted: where two
images have nothing in common the best line is flat, and would hide it. No drift at all is not the goal: the paper's
synthesiser changes the style of the ground on purpose, since pairs without any change but the labelled ones teach a
detector that every difference counts (section 4.2).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.metrics import structural_similarity

from changen_cli.metrics.base import Figure, WeightedMean, absent
from changen_cli.metrics.change.pairs import Pair
from changen_cli.metrics.change.structure import similarity
from changen_cli.types import BoolArray

AWAY = 6
LEAST = 256
_MOST_GAIN = 10.0


class BackgroundDrift:
    """Background drift over the pairs of a series."""

    def __init__(self) -> None:
        """Starts with nothing."""
        self._means = {name: WeightedMean() for name in ("difference", "matched_difference", "ssim", "structure")}
        self._pairs = 0

    def update(self, pair: Pair, before: NDArray[np.complex64], after: NDArray[np.complex64]) -> None:
        """Adds a pair.

        Args:
            pair: The pair.
            before: Structure of I_t.
            after: Structure of I~_t+1.
        """
        where = pair.plain_ground(AWAY)
        count = int(np.count_nonzero(where))
        if count < LEAST:
            return
        first, second = pair.before.astype(np.float32), pair.after.astype(np.float32)
        matched = match_colours(second, first, where)
        # over all of it, since its windows need neighbours; then only the ground counts
        _, ssim = structural_similarity(
            first,
            matched,
            data_range=255.0,
            channel_axis=0,
            gaussian_weights=True,
            use_sample_covariance=False,
            full=True,
        )
        self._means["difference"].add(_difference(first, second, where), count)
        self._means["matched_difference"].add(_difference(first, matched, where), count)
        self._means["ssim"].add(float(ssim[:, where].mean()), count)
        structure = similarity(before, after, where)
        if structure is not None:
            self._means["structure"].add(structure, count)
        self._pairs += 1

    def compute(self) -> Figure:
        """Computes the drift.

        Returns:
            The four figures; ``structure`` is None where the ground has no edges; ``pairs`` and ``pixels``.
        """
        if not self._pairs:
            return absent(f"no pair has {LEAST} pixels of unchanged ground {AWAY} pixels away from every building")
        figure: dict[str, Any] = {name: mean.mean if mean.weight else None for name, mean in self._means.items()}
        return figure | {"pairs": self._pairs, "pixels": int(self._means["ssim"].weight)}


def match_colours(image: NDArray[np.float32], target: NDArray[np.float32], where: BoolArray) -> NDArray[np.float32]:
    """Gives each band of an image the mean and deviation that the target has over a region.

    Args:
        image: float32 [3, H, W].
        target: float32 [3, H, W].
        where: The region, bool [H, W], not empty.

    Returns:
        float32 [3, H, W]. A gain above 10 is not applied: it would blow up the rounding of a flat image.
    """
    inside, wanted = image[:, where], target[:, where]
    gain = wanted.std(1) / np.maximum(inside.std(1), 1e-6)
    gain = np.where(gain > _MOST_GAIN, 1.0, gain)
    offset = wanted.mean(1) - gain * inside.mean(1)
    matched: NDArray[np.float32] = (image * gain[:, None, None] + offset[:, None, None]).astype(np.float32)
    return matched


def _difference(first: NDArray[np.float32], second: NDArray[np.float32], where: BoolArray) -> float:
    return float(np.abs(first[:, where] - second[:, where]).mean(dtype=np.float64))
