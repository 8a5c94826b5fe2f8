from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from skimage.color import rgb2lab

from changen_cli.metrics.base import Result
from changen_cli.metrics.change.looks import LOOKS, Looks, kept_footprints, mean_colours
from changen_cli.metrics.pairs import Pair
from changen_cli.types import BoolArray, UInt8Array

SIDE = 48
RED, GREY, GREEN, WHITE = (180, 60, 50), (120, 120, 120), (40, 140, 60), (240, 240, 240)
PLACES = ((4, 4), (4, 30), (30, 4))


def house(row: int, column: int, side: int = 10) -> BoolArray:
    mask = np.zeros((SIDE, SIDE), np.bool_)
    mask[row : row + side, column : column + side] = True
    return mask


def painted(colours: Sequence[tuple[int, int, int]]) -> UInt8Array:
    """Flat roofs on black ground, with an outline of another colour."""
    image = np.zeros((3, SIDE, SIDE), np.uint8)
    for place, colour in zip(PLACES, colours, strict=True):
        image[:, house(*place)] = 255
        image[:, house(place[0] + 1, place[1] + 1, 8)] = np.array(colour)[:, None]
    return image


def make(before: Sequence[tuple[int, int, int]], after: Sequence[tuple[int, int, int]], step: int = 1) -> Pair:
    kept = np.logical_or.reduce([house(*place) for place in PLACES])
    nothing = np.zeros_like(kept)
    return Pair(
        id="s__t0_t1", scene="s", step=step, before=painted(before), after=painted(after),
        valid=~nothing, created=nothing, removed=nothing, kept=kept, ground=~kept, changes=(),
    )  # fmt: skip


def measure(*pairs: Pair) -> Result:
    looks = Looks()
    for pair in pairs:
        looks.see_pair(pair)
    return looks.compute()


def distance(first: tuple[int, int, int], second: tuple[int, int, int]) -> float:
    one, two = rgb2lab(np.array([[first, second]]) / 255.0)[0]
    return float(np.linalg.norm(one - two))


def test_copies_keep_their_looks_and_their_variety() -> None:
    found = measure(make((RED, GREY, GREEN), (RED, GREY, GREEN)))
    assert (found["variety"], found["change"]) == (pytest.approx(1), pytest.approx(0))
    mean = np.mean([distance(RED, GREY), distance(RED, GREEN), distance(GREY, GREEN)])
    assert found["real"] == found["synthesised"] == found["others"] == pytest.approx(mean)
    assert (found["pairs"], found["buildings"]) == (1, 3)


def test_roofs_all_alike_have_no_variety_and_are_each_others() -> None:
    found = measure(make((RED, GREY, GREEN), (WHITE, WHITE, WHITE)))
    assert found["variety"] == 0
    assert found["change"] == pytest.approx(1)


def test_looks_that_change_places_are_anothers() -> None:
    found = measure(make((RED, GREY, GREEN), (GREY, GREEN, RED)))
    itself = np.mean([distance(RED, GREY), distance(GREY, GREEN), distance(GREEN, RED)])
    # of the six pairs of two buildings three are of one colour
    assert found["variety"] == pytest.approx(1)
    assert found["change"] == pytest.approx(itself / (itself / 2))


def test_units_are_delta_e_of_1976() -> None:
    found = measure(make((WHITE, (0, 0, 0), GREY), (WHITE, (0, 0, 0), GREY)))
    lightness = [rgb2lab(np.array([[colour]]) / 255.0)[0, 0, 0] for colour in (WHITE, (0, 0, 0), GREY)]
    mean = np.mean([abs(lightness[0] - lightness[1]), abs(lightness[0] - lightness[2]), lightness[2]])
    assert found["real"] == pytest.approx(mean, abs=0.02)


def test_variety_is_of_first_steps_alone() -> None:
    first, second = make((RED, GREY, GREEN), (RED, GREY, GREEN)), make((RED, GREY, GREEN), (WHITE,) * 3, step=2)
    found = measure(first, second)
    assert found["variety"] == pytest.approx(1)
    assert found["pairs"] == 2
    assert measure(second)["variety"] is None


def test_tiles_count_by_their_buildings() -> None:
    three, changed = make((RED, GREY, GREEN), (RED, GREY, GREEN)), make((RED, GREY, GREEN), (WHITE, GREY, GREEN))
    assert changed.kept is not None
    two = replace(changed, kept=changed.kept & ~house(*PLACES[2]))
    found = measure(three, two)
    assert found["self"] == pytest.approx(2 * (distance(RED, WHITE) / 2) / 5)


def test_roofs_that_look_alike_in_reality_are_nothing_to_divide_by() -> None:
    found = measure(make((RED, RED, RED), (RED, RED, RED)))
    assert (found["variety"], found["change"]) == (None, None)


def test_what_changed_touches_is_no_kept_building() -> None:
    kept = house(4, 4) | house(4, 30) | house(30, 4, 3)
    wing = np.zeros_like(kept)
    wing[4:14, 14:18] = True
    (footprint,) = kept_footprints(kept, wing)  # the third is too small
    np.testing.assert_array_equal(footprint, house(5, 31, 8))


def test_mean_colours_are_of_the_footprint_alone() -> None:
    image = painted((RED, GREY, GREEN))
    np.testing.assert_allclose(mean_colours(image, [house(5, 5, 8)]), rgb2lab(np.array([[RED]]) / 255.0)[0], atol=1e-9)


def test_pairs_without_two_buildings_or_without_layouts_are_absent(make_pair: Callable[..., Pair]) -> None:
    assert "two kept buildings" in measure(make_pair())["absent"]
    assert "absent" in measure(replace(make((RED, GREY, GREEN), (RED, GREY, GREEN)), kept=None))


def test_declaration_reads_its_own_result() -> None:
    found = measure(make((RED, GREY, GREEN), (RED, GREY, GREEN)))
    variety, change = LOOKS.lines(LOOKS, found)
    assert (variety.value, change.value) == ("1.00", "0.00")
    assert change.detail.endswith("1 pairs, 3 buildings")
    assert [bar.value for bar in LOOKS.charts(found)[0].bars] == [found["variety"], found["change"]]
    assert {column.key for column in LOOKS.columns} <= found.keys()
