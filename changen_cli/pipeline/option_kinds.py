"""Kinds of values that only ``changen generate`` has: inputs, shares of splits, GDAL's options, a worker's share."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator

from changen_cli.options import Number, PathText, Says, split
from changen_cli.store.share import AUTO, Share


def _one_or_more(value: object) -> object:
    return (value,) if isinstance(value, str | os.PathLike) else value


def _not_empty(values: tuple[str, ...]) -> tuple[str, ...]:
    if not values:
        raise ValueError("nothing")
    return values


def _pairs(value: str | Iterable[str] | Mapping[str, str]) -> Mapping[str, str]:
    """Takes NAME=VALUE apart, names in capitals; a mapping passes as it is."""
    if isinstance(value, Mapping):
        return value
    pairs = {}
    for item in (value,) if isinstance(value, str) else value:
        name, given, text = item.partition("=")
        if not (name and given):
            raise ValueError(item)
        pairs[name.upper()] = text
    return pairs


def _shares(shares: tuple[float, float, float]) -> tuple[float, float, float]:
    if min(shares) < 0 or sum(shares) <= 0:
        raise ValueError("no shares")
    return shares


Inputs = Annotated[
    tuple[PathText, ...],
    AfterValidator(_not_empty),
    BeforeValidator(_one_or_more),
    Says("a folder, a raster, a list of rasters, or several of these"),
]
"""What scenes are found in."""

Shares = Annotated[
    tuple[Number, Number, Number],
    AfterValidator(_shares),
    split(","),
    Says("three shares, train,val,test, none below 0, as in 0.8,0.1,0.1"),
]
"""Shares of train, val and test; any positive scale."""

CreationOptions = Annotated[Mapping[str, str], BeforeValidator(_pairs), Says("NAME=VALUE, for example COMPRESS=ZSTD")]
"""GDAL creation options by name."""

Auto = Literal["auto"]
"""What fits the machine and the run."""

OneShare = Annotated[
    str,
    AfterValidator(lambda text: text if text == AUTO else str(Share.parse(text))),
    Says("i/N with i from 0 to N - 1, for example 0/8, or auto"),
]
"""A worker's share, as text."""
