from __future__ import annotations

import numpy as np
import pytest

from changen_cli.errors import UsageError
from changen_cli.scenes.classes import Classes, read_classes, read_names


def test_a_building_is_class_1_without_a_word() -> None:
    assert Classes() == read_classes(())
    assert read_classes(()).names == {1: "building"}
    assert read_classes(()).number("Building") == 1


def test_names_and_values_mean_a_class() -> None:
    classes = read_classes(["2=water|river| Lake ", "1=house|yes"])
    assert classes.names == {1: "house", 2: "water"}
    assert [classes.number(value) for value in ("Water", "river", "lake ", "YES", "house", "building")] == [
        2,
        2,
        2,
        1,
        1,
        None,
    ]


@pytest.mark.parametrize(
    ("value", "number"),
    [(3, 3), (3.0, 3), ("255", 255), (np.int16(7), 7), (0, None), (256, None), (2.5, None), (-1, None), ("x", None)],
)
def test_a_whole_number_is_the_class_itself(value: object, number: int | None) -> None:
    assert Classes().number(value) == number


def test_a_number_may_be_declared_for_another_class() -> None:
    assert read_classes(["4=road|17"]).number(17.0) == 4


def test_any_other_value() -> None:
    classes = read_classes(["2=water", "3=rest|*"])
    assert [classes.number(value) for value in ("water", "rest", "oak", None, float("nan"), 9)] == [2, 3, 3, 3, 3, 3]


def test_nothing_is_no_class() -> None:
    assert [Classes().number(value) for value in (None, float("nan"), "", "  ")] == [None] * 4


@pytest.mark.parametrize("text", ["water", "0=water", "256=water", "2=", "x=water", "2=water|", "²=water"])
def test_what_is_no_class_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"--class-name .*: must be NUMBER=NAME, with a number from 1 to 255"):
        read_classes([text])


def test_a_value_means_one_class() -> None:
    with pytest.raises(UsageError, match="'Water' means class 2 already"):
        read_classes(["2=water", "3=lake|Water"])
    with pytest.raises(UsageError, match="give the class a name first"):
        read_classes(["2=*"])


def test_several_classes_may_have_one_name_where_only_names_count() -> None:
    assert read_names(["2=water|river", "3=water", "2=lake"]) == {1: "building", 2: "lake", 3: "water"}
