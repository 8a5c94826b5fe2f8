"""Leakage: what of a removed building is still there. 0: nothing; 1: as much as of the ground that did not change.

For each pair, with rho the similarity of edge structure (:mod:`changen_cli.metrics.structure`) of both images:

    rho_removed:  over the pixels of removed buildings and :data:`OUTLINE` pixels around them, since the outline is the
                  most of what one sees of a roof; less what is building in S_t+1, and clear of the edge of the data
    rho_interior: over the pixels of removed buildings more than :data:`OUTLINE` pixels from their outline
    rho_ground:   over ground that is background in S_t and S_t+1, :data:`AWAY` pixels from any building

    leakage  = mean rho_removed  / max(mean rho_ground, FLOOR), cut to 0..1
    interior = mean rho_interior / max(mean rho_ground, FLOOR), cut to 0..1

The means of each line run over the pairs that have both terms, weighted by the pixels of removed buildings. The first
is the metric; the second tells roofs that were copied (both high) from footprints whose ground was drawn anew but whose
outline still shows (interior low).

Dividing by what is left of the ground makes the metric fair to synthesisers that redraw the whole image: how faithfully
a generator copies anything is taken out, and what stays is whether removed buildings are treated like ground that
stays. Where the ground is not preserved either (rho_ground below :data:`FLOOR`) there is nothing to compare with, and
the division stops amplifying.
"""

from __future__ import annotations

import numpy as np

from changen_cli.metrics.base import Accumulator, Column, Metric, Result, WeightedMean, absent
from changen_cli.metrics.pairs import Pair, grow, shrink
from changen_cli.metrics.structure import REACH, similarity
from changen_cli.metrics.text import Bar, Chart, Line, number

OUTLINE = 2
AWAY = 3
FLOOR = 0.2


class _Ratio:
    """A mean over removed buildings, and one over the ground of the same pairs."""

    def __init__(self) -> None:
        self.removed, self.ground, self.pairs = WeightedMean(), WeightedMean(), 0

    def add(self, removed: float | None, ground: float | None, weight: int) -> None:
        if removed is not None and ground is not None:
            self.removed.add(removed, weight)
            self.ground.add(ground, weight)
            self.pairs += 1

    @property
    def value(self) -> float | None:
        if not self.pairs:
            return None
        return min(1.0, max(0.0, self.removed.mean / max(self.ground.mean, FLOOR)))


class Leakage(Accumulator):
    """Leakage over the pairs of a series."""

    def __init__(self) -> None:
        self._whole, self._interior = _Ratio(), _Ratio()

    def see_pair(self, pair: Pair) -> None:
        """Adds a pair; one without a removed building is passed over."""
        count = int(np.count_nonzero(pair.removed))
        if not count:
            return
        before, after = pair.structures
        building = pair.created if pair.kept is None else pair.created | pair.kept
        inner = pair.inner(REACH)
        ground = similarity(before, after, pair.plain_ground(AWAY) & inner)
        self._whole.add(similarity(before, after, grow(pair.removed, OUTLINE) & ~building & inner), ground, count)
        self._interior.add(similarity(before, after, shrink(pair.removed, OUTLINE) & inner), ground, count)

    def compute(self) -> Result:
        """Computes leakage.

        Returns:
            ``value`` and ``interior``, 0..1, the latter None if no removed building is wide enough to have one;
            ``removed_structure``, ``interior_structure`` and ``ground_structure``, the means, -1..1; ``pairs`` and
            removed ``pixels`` that the value is taken over.
        """
        if not self._whole.pairs:
            return absent("no pair has both a removed building and unchanged ground to compare it with")
        return {
            "value": self._whole.value,
            "interior": self._interior.value,
            "removed_structure": self._whole.removed.mean,
            "interior_structure": self._interior.removed.mean if self._interior.pairs else None,
            "ground_structure": self._whole.ground.mean,
            "pairs": self._whole.pairs,
            "pixels": int(self._whole.removed.weight),
        }


def _lines(metric: Metric, result: Result) -> list[Line]:
    detail = (
        f"structure left: removed {number(result['removed_structure'])}, unchanged ground "
        f"{number(result['ground_structure'])}; {result['pairs']} pairs, {result['pixels']} removed pixels"
    )
    inside = "of the roofs alone, outlines apart; 0: drawn anew, 1: copied"
    return [
        Line(metric.title, number(result["value"]), "lower", detail),
        Line("  interior", number(result["interior"]), "lower", inside),
    ]


def _charts(result: Result) -> list[Chart]:
    bars = Bar("leakage", result["value"]), Bar("interior", result["interior"])
    return [Chart("Leakage: 0 gone, 1 still there", bars)]


LEAKAGE = Metric(
    name="leakage",
    title="leakage",
    columns=(
        Column("leakage", "value", "leakage", "0..1", "lower", digits=2, said=True),
        Column("leakage_interior", "interior", "interior", "0..1", "lower", digits=2),
    ),
    make=lambda setting: Leakage(),
    rank=30,
    summary="what of a removed building is still there, 0 nothing, 1 as much as of the ground.",
    lines=_lines,
    charts=_charts,
)
