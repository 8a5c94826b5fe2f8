"""Kinds of values that fields of options may have, and what annotates them."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, AllowInfNan, BeforeValidator

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Says:
    """Metadata of an annotated type: what a value must be, in words that follow "must be"."""

    text: str


def _no_flag(value: T) -> T:
    if isinstance(value, bool):
        raise ValueError("true and false are no numbers")
    return value


@dataclass(frozen=True, slots=True)
class Taken(BeforeValidator):
    """A validator that takes text apart; made by :func:`split`."""

    separator: str = ","


def split(separator: str) -> Taken:
    """Makes a validator that takes text apart: "0:3" or "3,2,1"; other values pass as they are."""
    return Taken(
        lambda value: tuple(part.strip() for part in value.split(separator)) if isinstance(value, str) else value,
        separator=separator,
    )


@dataclass(frozen=True, slots=True)
class Ordered(AfterValidator):
    """A validator of two values; see :data:`LOW_TO_HIGH`."""


def _in_order(pair: tuple[Any, Any]) -> tuple[Any, Any]:
    if pair[0] > pair[1]:
        raise ValueError("the first value is above the second")
    return pair


LOW_TO_HIGH = Ordered(_in_order)
"""Annotates a tuple of two values, of which the first must not be above the second."""

Whole = Annotated[int, BeforeValidator(_no_flag)]
"""A whole number; not True or False, which Python takes for 1 and 0."""

Number = Annotated[float, BeforeValidator(_no_flag), AllowInfNan(False)]
"""A finite number; not True or False."""

PathText = Annotated[str, BeforeValidator(lambda value: os.fspath(value) if isinstance(value, os.PathLike) else value)]
"""A path, kept as text."""


def _digest(value: str) -> str:
    if not re.fullmatch(r"[0-9a-fA-F]{64}", value):
        raise ValueError("no SHA-256")
    return value.lower()


Digest = Annotated[str, AfterValidator(_digest), Says("64 hexadecimal digits")]
"""A SHA-256, in small letters."""
