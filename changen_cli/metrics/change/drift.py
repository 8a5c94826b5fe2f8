"""Background drift: how much ground changes that should not; is it still the same place?

Measured on ground that is background in S_t and S_t+1, :data:`AWAY` pixels from any building, any change and any edge
of the data, and only where a pair has at least :data:`LEAST` such pixels. With a, b the gain and offset that give each
band of I~_t+1 the mean and deviation that the band of I_t has there (a generator may light the same place anew):

    difference:         mean |I_t - I~_t+1|, grey levels of 0..255, no matching
    matched_difference: mean |I_t - (a I~_t+1 + b)|: what no global change of colours explains
    ssim:               mean structural similarity (Wang et al. 2004; Gaussian window, sigma 1.5) of I_t, a I~_t+1 + b
    structure:          similarity of edge structure (:mod:`changen_cli.metrics.structure`)

each averaged over pairs, weighted by their pixels. Mean and deviation are matched rather than a line fitted: where two
images have nothing in common the best line is flat, and would hide it. No drift at all is not the goal: the paper's
synthesiser changes the style of the ground on purpose, since pairs without any change but the labelled ones teach a
detector that every difference counts (section 4.2).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from skimage.metrics import structural_similarity

from changen_cli.metrics.base import Accumulator, Column, Metric, Result, WeightedMean, absent
from changen_cli.metrics.pairs import Pair
from changen_cli.metrics.structure import similarity
from changen_cli.metrics.text import Bar, Chart, Line, number
from changen_cli.types import BoolArray

AWAY = 6
LEAST = 256
_MOST_GAIN = 10.0


class BackgroundDrift(Accumulator):
    """Background drift over the pairs of a series."""

    def __init__(self) -> None:
        self._means = {name: WeightedMean() for name in ("difference", "matched_difference", "ssim", "structure")}
        self._pairs = 0

    def see_pair(self, pair: Pair) -> None:
        """Adds a pair; one with too little unchanged ground is passed over."""
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
        structure = similarity(*pair.structures, where)
        if structure is not None:
            self._means["structure"].add(structure, count)
        self._pairs += 1

    def compute(self) -> Result:
        """Computes the drift.

        Returns:
            The four values; ``structure`` is None where the ground has no edges; ``pairs`` and ``pixels``.
        """
        if not self._pairs:
            return absent(f"no pair has {LEAST} pixels of unchanged ground {AWAY} pixels away from every building")
        result: Result = {name: mean.mean if mean.weight else None for name, mean in self._means.items()}
        return result | {"pairs": self._pairs, "pixels": int(self._means["ssim"].weight)}


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


def _lines(metric: Metric, result: Result) -> list[Line]:
    over = f"{result['pairs']} pairs, {result['pixels']} pixels of unchanged ground"
    matched = "mean difference once colours are matched, grey levels of 255"
    return [
        Line("background difference", number(result["difference"], 1), "", f"mean, grey levels of 255; {over}"),
        Line("  colours matched", number(result["matched_difference"], 1), "", matched),
        Line("  SSIM", number(result["ssim"]), "", "colours matched; 1: the same ground"),
        Line("  edge structure", number(result["structure"]), "", "1: the same place, 0: another"),
    ]


def _charts(result: Result) -> list[Chart]:
    bars = Bar("SSIM", result["ssim"]), Bar("edge structure", result["structure"])
    return [Chart("Unchanged ground: 1 the same, 0 another place", bars)]


DRIFT = Metric(
    name="background_drift",
    title="background drift",
    columns=(
        Column("drift_difference", "difference", "difference", "grey levels of 255", digits=1, compared=False),
        Column("drift_ssim", "ssim", "SSIM", "1: the same ground", digits=2, compared=False),
        Column("drift_structure", "structure", "same place", "1: the same place", digits=2),
    ),
    make=lambda setting: BackgroundDrift(),
    rank=40,
    summary="how much unchanged ground changes.",
    lines=_lines,
    charts=_charts,
)
