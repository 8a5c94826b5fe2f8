from __future__ import annotations

import math

import pytest

from changen_cli.training.validation.best import BestSoFar

AGREEMENT = ("agreement_created", "agreement_removed", "agreement_kept")
COLUMNS = ("kernel_lite0", *AGREEMENT, "removed_structure")


def figures(distance: float, agreement: float, **given: float) -> dict[str, float]:
    """Created, removed and kept differ; their mean is ``agreement``."""
    parts = dict(zip(AGREEMENT, (agreement - 0.1, agreement - 0.2, agreement + 0.3), strict=True))
    return {"kernel_lite0": distance, **parts, "removed_structure": 0.5} | given


def picked(*rows: tuple[float, float]) -> list[bool]:
    best = BestSoFar(COLUMNS)
    return [best.consider(number, figures(*row)) for number, row in enumerate(rows, 1)]


def test_among_those_that_show_their_labels_the_distance_decides() -> None:
    assert picked((2.0, 0.5), (1.5, 0.49), (1.6, 0.5), (1.4, 0.481)) == [True, True, False, True]


def test_a_small_distance_without_labels_does_not_win() -> None:
    assert picked((2.0, 0.5), (0.1, 0.47)) == [True, False]


def test_a_best_that_is_no_longer_eligible_gives_way() -> None:
    # the second is far better at its labels, so its distance does not count against it, nor does the first's after it
    assert picked((1.0, 0.5), (3.0, 0.6), (2.9, 0.59), (1.0, 0.5)) == [True, True, True, False]


def test_agreement_that_rises_slowly_moves_the_bar_and_not_the_best() -> None:
    # 0.515 and 0.53 lift the bar step by step until the first falls below it
    assert picked((1.0, 0.5), (2.0, 0.515), (2.0, 0.53)) == [True, False, True]


def test_of_equals_the_earlier_stays() -> None:
    assert picked((1.0, 0.5), (1.0, 0.5), (1.0000001, 0.5), (0.9999999, 0.5)) == [True, False, False, False]


@pytest.mark.parametrize("lost", [math.nan, math.inf])
def test_what_is_no_number_never_wins_and_moves_no_bar(lost: float) -> None:
    best = BestSoFar(COLUMNS)
    assert not best.consider(1, figures(lost, 0.9))
    assert not best.consider(2, figures(1.0, 0.9, agreement_kept=math.nan))
    assert best.iteration is None
    assert best.consider(3, figures(1.0, 0.5))
    assert not best.consider(4, figures(-lost, 0.9))
    assert best.consider(5, figures(0.9, 0.49, removed_structure=math.nan))
    assert best.iteration == 5


def test_a_distance_below_zero_is_smaller() -> None:
    assert picked((0.01, 0.5), (-0.01, 0.5)) == [True, True]


def test_without_agreement_the_distance_decides_and_kid_comes_first() -> None:
    best = BestSoFar(["fid", "kid", "kernel_lite0"])
    rows = ({"kernel_lite0": 1, "fid": 9, "kid": 0.5}, {"kernel_lite0": 2, "fid": 9, "kid": 0.4},
            {"kernel_lite0": 0, "fid": 1, "kid": 0.6})  # fmt: skip
    assert [best.consider(n, row) for n, row in enumerate(rows)] == [True, True, False]
    assert best.rule == "the smallest kid"
    assert BestSoFar(["kernel_inception", "kernel_lite0"]).rule == "the smallest kernel_inception"


def test_without_a_distance_the_agreement_decides() -> None:
    best = BestSoFar(["agreement_created", "agreement_kept"])
    rows = [{"agreement_created": a, "agreement_kept": 0.5} for a in (0.3, 0.31, 0.305)]
    assert [best.consider(n, row) for n, row in enumerate(rows)] == [True, True, False]
    assert best.rule == "the highest mean label agreement"


def test_a_segmenter_is_judged_by_its_overlap() -> None:
    best = BestSoFar(["iou", "right"])
    rows = [{"iou": 0.4, "right": 0.9}, {"iou": 0.5, "right": 0.8}, {"iou": 0.45, "right": 0.95}]
    assert [best.consider(n, row) for n, row in enumerate(rows)] == [True, True, False]
    assert (best.iteration, best.values, best.rule) == (1, rows[1], "the highest iou")


def test_nothing_to_judge_by() -> None:
    best = BestSoFar(["removed_structure"])
    assert not best.consider(1, {"removed_structure": 0.1})
    assert best.rule.startswith("none: it needs a segmenter")


def test_the_rule_in_words() -> None:
    assert BestSoFar(COLUMNS).rule == (
        "the smallest kernel_lite0 with a mean label agreement within 0.02 of the highest so far"
    )
