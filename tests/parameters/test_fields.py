from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import Annotated, Any

import pytest

from changen_cli.errors import UsageError
from changen_cli.options import LOW_TO_HIGH, Ge, Le, Number, Whole, option, options
from changen_cli.parameters.fields import (
    describe_parameters,
    json_value,
    parameters_of,
    read_value,
    write_value,
)


class Origin:
    """A type that no text gives."""

    def __str__(self) -> str:
        return "sea"


@options()
class Tide:
    """Declares its parameters as options."""

    share: Annotated[Number, Ge(0), Le(1)] = option(default=0.5, help="Part that is under water.")
    steps: Annotated[tuple[Whole, Whole], LOW_TO_HIGH] = option(default=(1, 2), help="")
    origin: Origin = option(default_factory=Origin, help="")


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
        ("depth", "deep", "depth=deep: must be a number$"),
        ("gauges", "1.5", "must be a whole number$"),
        ("rising", "maybe", "must be yes or no$"),
        ("span", "1:2:3", "must be 2 values, each a number$"),
        ("limit", "x", "must be a number or none$"),
        ("stages", "1", "must be of type list$"),
        ("share", "1.5", "share=1.5: must be a number from 0 to 1$"),
        ("steps", "3:1", "must be low:high, each a whole number, low not above high$"),
        ("steps", "1:x", "must be low:high"),
        ("origin", "here", "must be of type Origin$"),
    ],
)
def test_text_that_does_not_fit_is_refused(name: str, text: str, message: str) -> None:
    event = Flood if name in parameters_of(Flood) else Tide
    with pytest.raises(UsageError, match=message):
        read_value(event, name, text)


def test_a_range_that_a_field_declares_is_part_of_its_words() -> None:
    assert [(p.name, p.type, p.default, p.help) for p in describe_parameters(Tide)] == [
        ("share", "a number from 0 to 1", "0.5", "Part that is under water."),
        ("steps", "low:high, each a whole number, low not above high", "1:2", ""),
        ("origin", "of type Origin", "sea", ""),
    ]
    given: dict[str, Any] = {"share": "0.25", "steps": [1, 3]}
    made = Tide(**given)
    assert (made.share, made.steps) == (0.25, (1, 3))
    with pytest.raises(UsageError, match=r"^share 2: must be a number from 0 to 1$"):
        Tide(share=2)


def test_parameters_are_described_as_one_would_write_them() -> None:
    found = {p.name: (p.type, p.default) for p in describe_parameters(Flood)}
    assert found == {
        "depth": ("a number", "required"),
        "gauges": ("a whole number", "3"),
        "rising": ("yes or no", "yes"),
        "river": ("text", "Nile"),
        "span": ("2 values, each a number", "1:inf"),
        "months": ("a list, each a whole number", "6:7"),
        "limit": ("a number or none", "none"),
        "stages": ("of type list", "1:2"),
    }
    assert describe_parameters(Flood)[6].help == "Largest depth, metres."


def test_values_fit_json() -> None:
    text = json.dumps([json_value(v) for v in (1, 2.5, True, None, "a", (0.0, math.inf), 1j)], allow_nan=False)
    assert json.loads(text) == [1, 2.5, True, None, "a", [0.0, "inf"], "1j"]
