"""One declaration of an option: conversion, plain values."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from pathlib import Path
from typing import Annotated, Any

import pytest

from changen_cli.errors import UsageError
from changen_cli.options import Ge, Number, build, check
from tests.options.choices import Choices, Source


def test_text_and_paths_become_values() -> None:
    values: dict[str, Any] = {"steps": "3", "bands": "3, 2,1", "data": [{"path": "a"}], "first": {"path": Path("q")}}
    made = Choices(**values)
    assert made == Choices(steps=3, bands=(3, 2, 1), data=(Source("a"),), first=Source("q"))


def test_options_are_plain_frozen_dataclasses() -> None:
    made = Choices(steps=3)
    assert pickle.loads(pickle.dumps(made)) == made == copy.deepcopy(made)
    assert dataclasses.replace(made, steps=4).steps == 4
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.steps = 5  # type: ignore[misc]


def test_plain_values_are_built_and_named() -> None:
    assert build(Choices, {"steps": 2, "data": [{"path": "a"}]}, "file.yaml").data == (Source("a"),)
    with pytest.raises(UsageError, match=r"file.yaml: unknown key 'stps'; known: bands, batch_size"):
        build(Choices, {"stps": 2}, "file.yaml")
    with pytest.raises(UsageError, match=r"file.yaml: --steps 0: must be"):
        build(Choices, {"steps": 0}, "file.yaml")
    with pytest.raises(UsageError, match=r"file.yaml: must be a mapping"):
        build(Choices, [1], "file.yaml")


def test_one_value_is_checked_as_a_field_would() -> None:
    assert check("turn", "45", Annotated[Number, Ge(0)]) == 45.0
    assert check("align", "no", bool) is False
    with pytest.raises(UsageError, match=r"turn '-1': must be a number of at least 0"):
        check("turn", "-1", Annotated[Number, Ge(0)])
