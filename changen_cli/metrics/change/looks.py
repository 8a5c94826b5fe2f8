"""Looks of kept buildings: are their roofs as varied as real ones, and do they keep theirs from step to step?

The colour c of a building is the mean of its pixels in CIELAB (D65, 2 degrees) over its footprint less :data:`EDGE`
pixel along the outline, the distance d of two colours is Delta E of 1976, their Euclidean distance: 1 can just be seen,
a red roof and a grey one lie about 50 apart. With i and j two kept buildings of one pair:

    variety = mean d(c_i(I~_t+1), c_j(I~_t+1)) / mean d(c_i(I_t), c_j(I_t))   1: as varied as real; 0: all roofs alike
    change  = mean d(c_i(I_t), c_i(I~_t+1))    / mean d(c_i(I_t), c_j(I~_t+1))   0: keeps its looks; 1: another's

Variety is taken of first steps alone, where I_t is a real image; change of all. Each mean is first taken within a pair
and then over the pairs that have at least two such buildings, weighted by how many they have.

Pairs have no instances: a kept building is a connected part of the kept pixels, so buildings that touch count as one.
One that touches created or removed pixels (it was scaled, rotated or moved a little) is no kept building.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects, label
from skimage.color import rgb2lab

from changen_cli.metrics.base import Accumulator, Column, Metric, Result, WeightedMean, absent
from changen_cli.metrics.pairs import Pair, grow, shrink
from changen_cli.metrics.text import Bar, Chart, Line, number
from changen_cli.types import BoolArray, UInt8Array

EDGE = 1
LEAST = 8
"""Fewest pixels of a footprint, its edge apart, that have a mean colour."""

FEWEST_DISTANCE = 1.0
"""Delta E below which a mean distance is nothing to divide by: nobody sees it."""


class Looks(Accumulator):
    """Colours of kept buildings over the pairs of a series."""

    def __init__(self) -> None:
        self._means = {name: WeightedMean() for name in ("real", "synthesised", "self", "others")}
        self._pairs = self._buildings = 0

    def see_pair(self, pair: Pair) -> None:
        """Adds a pair; one with fewer than two kept buildings, or whose S_t is not known, is passed over."""
        if pair.kept is None:
            return
        footprints = kept_footprints(pair.kept, pair.created | pair.removed)
        count = len(footprints)
        if count < 2:
            return
        before, after = mean_colours(pair.before, footprints), mean_colours(pair.after, footprints)
        if pair.step == 1:
            self._means["real"].add(_between(before, before), count)
            self._means["synthesised"].add(_between(after, after), count)
        self._means["self"].add(float(np.linalg.norm(before - after, axis=1).mean()), count)
        self._means["others"].add(_between(before, after), count)
        self._pairs += 1
        self._buildings += count

    def compute(self) -> Result:
        """Computes both quotients.

        Returns:
            ``variety`` and ``change``, 0 or more, None where the mean below the line is less than
            :data:`FEWEST_DISTANCE`; the four means ``synthesised`` and ``real``, None without a first step, ``self``
            and ``others``, Delta E; ``pairs`` and ``buildings`` that change is taken over.
        """
        if not self._pairs:
            return absent("no pair has two kept buildings, or the format does not store S_t")
        means = {name: mean.mean if mean.weight else None for name, mean in self._means.items()}
        return {
            "variety": _quotient(means["synthesised"], means["real"]),
            "change": _quotient(means["self"], means["others"]),
            **means,
            "pairs": self._pairs,
            "buildings": self._buildings,
        }


def kept_footprints(kept: BoolArray, changed: BoolArray) -> list[BoolArray]:
    """Finds the kept buildings of a pair.

    Args:
        kept: Building in S_t and S_t+1, bool [H, W].
        changed: Created or removed, bool [H, W].

    Returns:
        For each building its footprint less :data:`EDGE` pixel, bool [H, W], of at least :data:`LEAST` pixels.
    """
    parts, _ = label(kept)
    touched = set(np.unique(parts[grow(changed, 1)]))
    inside = shrink(kept, EDGE)
    found = []
    for number_, place in enumerate(find_objects(parts), 1):
        if number_ in touched:
            continue
        footprint = np.zeros_like(kept)
        footprint[place] = (parts[place] == number_) & inside[place]
        if np.count_nonzero(footprint) >= LEAST:
            found.append(footprint)
    return found


def mean_colours(image: UInt8Array, footprints: list[BoolArray]) -> NDArray[np.float64]:
    """Computes the colours of buildings.

    Args:
        image: uint8 [3, H, W], sRGB.
        footprints: N of bool [H, W], none of them empty.

    Returns:
        Mean L*, a* and b* of each, float64 [N, 3].
    """
    return np.stack([rgb2lab(image[:, footprint].T[None] / 255.0)[0].mean(0) for footprint in footprints])


def _between(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Returns the mean distance of first i to second j, over i and j that differ."""
    distances = np.linalg.norm(first[:, None] - second[None], axis=2)
    return float(distances[~np.eye(len(first), dtype=bool)].mean())


def _quotient(part: float | None, whole: float | None) -> float | None:
    return None if part is None or whole is None or whole < FEWEST_DISTANCE else part / whole


def _lines(metric: Metric, result: Result) -> list[Line]:
    between = (
        f"1: as varied as real; Delta E between kept buildings {number(result['synthesised'], 1)}, real "
        f"{number(result['real'], 1)}"
    )
    over = (
        f"0: keeps its looks, 1: another's; Delta E to itself {number(result['self'], 1)}, to others "
        f"{number(result['others'], 1)}; {result['pairs']} pairs, {result['buildings']} buildings"
    )
    return [
        Line("looks, variety", number(result["variety"], 2), "", between),
        Line("looks, change", number(result["change"], 2), "", over),
    ]


def _charts(result: Result) -> list[Chart]:
    return [Chart("Looks of kept buildings", (Bar("variety", result["variety"], 1.0), Bar("change", result["change"])))]


LOOKS = Metric(
    name="looks",
    title="looks of kept buildings",
    columns=(
        Column("looks_variety", "variety", "roof variety", "1: as varied as real", digits=2),
        Column("looks_change", "change", "roof change", "0: keeps its looks, 1: another's", digits=2),
    ),
    make=lambda setting: Looks(),
    rank=45,
    summary="whether roofs are as varied as real ones, and keep their colour from step to step.",
    lines=_lines,
    charts=_charts,
)
