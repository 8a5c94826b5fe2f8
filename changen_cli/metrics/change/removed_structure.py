"""How much of the structure of a removed building is still there.

For each pair, with rho the similarity of edge structure (:mod:`changen_cli.metrics.structure`) of both images:

    rho_h:        over the pixels of removed buildings and h pixels around them, for each h of :data:`HORIZONS`; less
                  what is building in S_t+1, and clear of the edge of the data
    rho_interior: over the pixels of removed buildings more than :data:`OUTLINE` pixels from their outline
    rho_ground:   over ground that is background in S_t and S_t+1, :data:`AWAY` pixels from any building

Each is averaged over the pairs that have it, weighted by the pixels of removed buildings. 1 is a copy of I_t; images
that share nothing have expectation 0.

The metric is rho at 2 pixels, since the outline is the most of what one sees of a roof. The interior tells roofs that
were copied (both high) from footprints whose ground was drawn anew but whose outline still shows (interior low). The
wider horizons tell what lies beyond an inpainted hole: a shadow, the edge of a yard, a seam. There some of the region
is ground that need not change, so that they have no direction of their own: beside them stands what unchanged ground
keeps. Nothing is divided by it. A quotient would fall wherever ground is kept better, with the same removed buildings.
"""

from __future__ import annotations

import numpy as np

from changen_cli.metrics.base import Accumulator, Column, Metric, Result, WeightedMean, absent
from changen_cli.metrics.pairs import Pair, grow, shrink
from changen_cli.metrics.structure import REACH, similarity
from changen_cli.metrics.text import Bar, Chart, Line, number

HORIZONS = {"value": 2, "value_4": 4, "value_8": 8}
"""Pixels around a removed building that count with it, by the name in the result; the first is the metric."""

OUTLINE = 2
AWAY = 3


class RemovedStructure(Accumulator):
    """Structure of removed buildings that is left, over the pairs of a series."""

    def __init__(self) -> None:
        self._means = {name: WeightedMean() for name in (*HORIZONS, "interior", "ground")}
        self._pairs = self._pixels = 0

    def see_pair(self, pair: Pair) -> None:
        """Adds a pair; one without a removed building is passed over."""
        count = int(np.count_nonzero(pair.removed))
        if not count:
            return
        building = pair.created if pair.kept is None else pair.created | pair.kept
        inner = pair.inner(REACH)
        regions = {key: grow(pair.removed, reach) & ~building for key, reach in HORIZONS.items()}
        regions["interior"] = shrink(pair.removed, OUTLINE)
        regions["ground"] = pair.plain_ground(AWAY)
        found = {name: similarity(*pair.structures, region & inner) for name, region in regions.items()}
        if found["value"] is None:
            return
        for name, rho in found.items():
            if rho is not None:
                self._means[name].add(rho, count)
        self._pairs += 1
        self._pixels += count

    def compute(self) -> Result:
        """Computes the means.

        Returns:
            ``value``, ``value_4`` and ``value_8``, -1..1, at 2, 4 and 8 pixels; ``interior``, None if no removed
            building is wide enough to have one; ``ground``, None if there is no unchanged ground beside them; ``pairs``
            and removed ``pixels`` that the value is taken over.
        """
        if not self._pairs:
            return absent("no pair has a removed building whose structure can be told")
        means = {name: mean.mean if mean.weight else None for name, mean in self._means.items()}
        return means | {"pairs": self._pairs, "pixels": self._pixels}


def _lines(metric: Metric, result: Result) -> list[Line]:
    ground = f"unchanged ground keeps {number(result['ground'])}"
    over = f"{result['pairs']} pairs, {result['pixels']} removed pixels"
    inside = "of the roofs alone, outlines apart; 0: drawn anew, 1: copied"
    return [
        Line(metric.title, number(result["value"]), "lower", f"0: gone, 1: still there; {ground}; {over}"),
        Line("  within 4 px", number(result["value_4"]), "", f"with the ground around it; {ground}"),
        Line("  within 8 px", number(result["value_8"]), "", f"with the ground around it; {ground}"),
        Line("  interior", number(result["interior"]), "lower", inside),
    ]


def _charts(result: Result) -> list[Chart]:
    bars = [Bar(f"within {reach} px", result[key], result["ground"]) for key, reach in HORIZONS.items()]
    bars.append(Bar("interior", result["interior"], result["ground"]))
    return [Chart("Structure left of removed buildings (grey: of unchanged ground)", tuple(bars))]


REMOVED_STRUCTURE = Metric(
    name="removed_structure",
    title="removed_structure",
    columns=(
        Column("removed_structure", "value", "removed_structure", "1: still there", "lower", digits=2, said=True),
        Column("removed_structure_4", "value_4", "within 4 px", "1: still there", digits=2, compared=False),
        Column("removed_structure_8", "value_8", "within 8 px", "1: still there", digits=2),
        Column("removed_interior", "interior", "interior", "1: still there", "lower", digits=2),
    ),
    make=lambda setting: RemovedStructure(),
    rank=30,
    summary="how much of a removed building's structure is still there, 0 nothing, 1 all, beside what ground keeps.",
    lines=_lines,
    charts=_charts,
)
