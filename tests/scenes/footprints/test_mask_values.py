from __future__ import annotations

import numpy as np
import pytest

from changen_cli.scenes.footprints.mask_values import ValueSurvey, judge_values
from changen_cli.types import AnyArray


def squares(values: list[int]) -> AnyArray:
    """A square of each value, none touching another."""
    plane = np.zeros((8, 4 * len(values) + 4), np.int32)
    for place, value in enumerate(values):
        plane[2:5, 4 * place + 1 : 4 * place + 3] = value
    return plane


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([], "binary"),
        ([1, 1, 1], "binary"),
        ([255] * 20, "binary"),
        ([7], "instance"),
        ([1, 2, 3, 4], "instance"),
        ([1, 2, 3] * 4, "instance"),
        ([1, 2, 3] * 5, "class"),
        ([3] * 5, "class"),
        ([1, 300] * 9, "instance"),
    ],
)
def test_values_are_judged_by_how_many_parts_they_have(values: list[int], kind: str) -> None:
    assert judge_values(squares(values)) == kind
    assert judge_values(squares(values).astype(np.uint16)) == kind


def test_bool_is_binary() -> None:
    assert judge_values(np.ones((4, 4), np.bool_)) == "binary"


def test_windows_and_maps_are_judged_together() -> None:
    survey = ValueSurvey()
    kinds = []
    for values in ([1, 1], [1, 2]):
        survey.add(squares(values))
        kinds.append(survey.kind)
    assert kinds == ["binary", "instance"]
    first, second = squares([1, 2]), squares([1, 0])
    assert judge_values(second) == "binary"
    assert judge_values(np.stack([first, second])) == "instance"
    assert judge_values(np.stack([first] * 20)) == "instance", "an object at 20 dates is in one part"
