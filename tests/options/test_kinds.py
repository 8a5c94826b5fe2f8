from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import pytest

from changen_cli.errors import UsageError
from changen_cli.options import LOW_TO_HIGH, Digest, Number, PathText, Whole, check, split

Pair = Annotated[tuple[Whole, Whole], LOW_TO_HIGH, split(":")]


@pytest.mark.parametrize(
    ("value", "kind", "made"),
    [
        ("3", Whole, 3),
        ("0.5", Number, 0.5),
        (Path("a") / "b", PathText, "a/b"),
        ("1: 4", Pair, (1, 4)),
        ((2, 2), Pair, (2, 2)),
        ("AB" * 32, Digest, "ab" * 32),
    ],
)
def test_values_become_of_their_kind(value: object, kind: Any, made: object) -> None:
    assert check("x", value, kind) == made


@pytest.mark.parametrize(
    ("value", "kind", "message"),
    [
        (True, Whole, "a whole number"),
        (False, Number, "a number"),
        (float("nan"), Number, "a number"),
        (float("inf"), Number, "a number"),
        ("4:1", Pair, "low:high, each a whole number, low not above high"),
        ("ab", Digest, "64 hexadecimal digits"),
    ],
)
def test_what_is_of_another_kind_is_refused(value: object, kind: Any, message: str) -> None:
    with pytest.raises(UsageError, match=f"must be {message}"):
        check("x", value, kind)
