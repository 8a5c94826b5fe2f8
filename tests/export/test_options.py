from __future__ import annotations

import datetime

import pytest

from changen_cli.errors import UsageError
from changen_cli.export.options import ExportOptions, find_layouts


def options(**values: object) -> ExportOptions:
    return ExportOptions(series="out", layout="whu", output="there", **values)  # type: ignore[arg-type]


def test_classes_have_names() -> None:
    assert options().class_names() == {1: "building"}
    assert options(class_name=("2=water", "1 = roof")).class_names() == {1: "roof", 2: "water"}


@pytest.mark.parametrize("text", ["water", "0=water", "256=water", "x=water", "2="])
def test_a_class_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="NUMBER=NAME"):
        options(class_name=(text,))


def test_a_day_is_a_day() -> None:
    assert options(first_date="2021-02-03").start() == datetime.date(2021, 2, 3)
    with pytest.raises(UsageError, match="YYYY-MM-DD"):
        options(first_date="yesterday")


def test_layouts_are_listed_without_importing_them() -> None:
    assert {"levir-cd", "levir-cd-plus", "s2looking", "second", "whu"} <= set(find_layouts())


def test_names_of_the_output_hold_unless_told_other() -> None:
    assert options().class_names(["2=water|lake", "1=house"]) == {1: "house", 2: "water"}
    assert options(class_name=("2=pond",)).class_names(["2=water", "3=water"]) == {1: "building", 2: "pond", 3: "water"}
