from __future__ import annotations

import json
import math
from dataclasses import dataclass, field

import pytest

from changen_cli.errors import UsageError
from changen_cli.events.parameters import (
    check_flag,
    check_number,
    check_range,
    check_whole,
    describe_parameters,
    json_value,
    read_value,
    write_value,
)


@dataclass(frozen=True)
class Flood:
    """Takes what lies low."""

    depth: float
    gauges: int = 3
    rising: bool = True
    river: str = "Nile"
    span: tuple[float, float] = (1.0, math.inf)
    months: tuple[int, ...] = (6, 7)
    limit: float | None = field(default=None, metadata={"help": "Largest depth, metres."})
    stages: list[int] = field(default_factory=lambda: [1, 2])


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("depth", "2", 2.0),
        ("depth", " 1e-3 ", 0.001),
        ("gauges", "5", 5),
        ("rising", "no", False),
        ("rising", "True", True),
        ("river", "Blue Nile", "Blue Nile"),
        ("span", "0:inf", (0.0, math.inf)),
        ("span", "4", (4.0, 4.0)),
        ("months", "1:2:3", (1, 2, 3)),
        ("limit", "none", None),
        ("limit", "2.5", 2.5),
    ],
)
def test_text_becomes_a_value_of_the_fields_type(name: str, text: str, value: object) -> None:
    found = read_value(Flood, name, text)
    assert found == value
    assert type(found) is type(value)
    assert read_value(Flood, name, write_value(found)) == found


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("depth", "deep", "depth=deep: must be number$"),
        ("gauges", "1.5", "must be whole number$"),
        ("rising", "maybe", "must be yes or no$"),
        ("span", "1:2:3", "must be number:number$"),
        ("limit", "x", "must be number or none$"),
        ("stages", "1", "set from Python only"),
    ],
)
def test_text_that_does_not_fit_is_refused(name: str, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_value(Flood, name, text)


def test_parameters_are_described_as_one_would_write_them() -> None:
    found = {p.name: (p.type, p.default) for p in describe_parameters(Flood)}
    assert found == {
        "depth": ("number", "required"),
        "gauges": ("whole number", "3"),
        "rising": ("yes or no", "yes"),
        "river": ("text", "Nile"),
        "span": ("number:number", "1:inf"),
        "months": ("whole number:...", "6:7"),
        "limit": ("number or none", "none"),
        "stages": ("set from Python only (list)", "1:2"),
    }
    assert describe_parameters(Flood)[6].help == "Largest depth, metres."


def test_values_fit_json() -> None:
    text = json.dumps([json_value(v) for v in (1, 2.5, True, None, "a", (0.0, math.inf), 1j)], allow_nan=False)
    assert json.loads(text) == [1, 2.5, True, None, "a", [0.0, "inf"], "1j"]


@pytest.mark.parametrize("value", [True, "3", None, math.nan, -0.1, 1.1])
def test_check_number_refuses(value: object) -> None:
    with pytest.raises(UsageError, match=r"share=.*: must be a number from 0 to 1"):
        check_number("share", value, 0, 1)


@pytest.mark.parametrize("value", [True, 3.0, "3", 0])
def test_check_whole_refuses(value: object) -> None:
    with pytest.raises(UsageError, match=r"n=.*: must be a whole number of at least 1"):
        check_whole("n", value, 1)


@pytest.mark.parametrize("value", [[0.1, 0.2], (0.2, 0.1), (0.1,), (-1, 0.5), (0.1, math.nan), (False, 1), 0.5])
def test_check_range_refuses(value: object) -> None:
    with pytest.raises(UsageError, match=r"span=.*: must be two numbers low:high from 0 to 1"):
        check_range("span", value, 0, 1)


def test_checks_let_good_values_pass() -> None:
    check_number("a", 0, 0, 1)
    check_number("a", 1e9, 0)
    check_whole("b", 1, 1, 1)
    check_range("c", (0, 1.0), 0, 1)
    check_flag("d", False)
    with pytest.raises(UsageError, match="d=0: must be yes or no"):
        check_flag("d", 0)
