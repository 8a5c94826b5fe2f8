"""One declaration of an option: conversion, messages, plain values, manifest."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest

from changen_cli.errors import UsageError
from changen_cli.options import (
    Ge,
    Gt,
    Le,
    Lt,
    Number,
    PathText,
    Says,
    Whole,
    as_manifest,
    build,
    check,
    flat,
    info,
    long_name,
    option,
    options,
    split,
    words,
)


@options()
class Source:
    path: PathText = option(help="Where.")
    share: Annotated[Number, Ge(0)] = option(default=0.0, help="Share.")


@options("--")
class Choices:
    steps: Annotated[Whole, Ge(1)] = option(default=1, help="Steps.", group="Events", flags=("-s",))
    batch_size: Literal["auto"] | Annotated[Whole, Ge(1)] = option(default="auto", help="Batch.", recorded=False)
    bands: Annotated[tuple[Whole, Whole, Whole], split(","), Says("three band numbers, as in 3,2,1")] | None = option(
        default=None, help="Bands."
    )
    data: tuple[Source, ...] = option(default=(), help="Data.")
    first: Source = option(default_factory=lambda: Source("x"), help="First.", name="source")


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


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"steps": 0}, "--steps 0: must be a whole number of at least 1"),
        ({"steps": True}, "--steps True: must be a whole number of at least 1"),
        ({"batch_size": "x"}, "--batch-size x: must be auto or a whole number of at least 1"),
        ({"bands": "1,2"}, "must be three band numbers, as in 3,2,1"),
        ({"data": [{"path": "a", "share": -1}]}, "--data[0].share -1: must be a number of at least 0"),
        ({"data": [{}]}, "--data[0].path: is missing; it must be text"),
        ({"data": 3}, "--data 3: must be a list, each a mapping of name to value"),
        ({"first": {"pth": "a"}}, "--source.path: is missing"),
        ({"zz": 1}, "--zz: is not known; known: bands"),
    ],
)
def test_a_message_names_option_value_and_remedy(values: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        Choices(**values)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_plain_values_are_built_and_named() -> None:
    assert build(Choices, {"steps": 2, "data": [{"path": "a"}]}, "file.yaml").data == (Source("a"),)
    with pytest.raises(UsageError, match=r"file.yaml: unknown key 'stps'; known: bands, batch_size"):
        build(Choices, {"stps": 2}, "file.yaml")
    with pytest.raises(UsageError, match=r"file.yaml: --steps 0: must be"):
        build(Choices, {"steps": 0}, "file.yaml")
    with pytest.raises(UsageError, match=r"file.yaml: must be a mapping"):
        build(Choices, [1], "file.yaml")


def test_the_manifest_has_what_decides_the_output() -> None:
    found = as_manifest(Choices(bands=(3, 2, 1), data=(Source("a", 0.5),)))
    assert found == {
        "steps": 1,
        "bands": [3, 2, 1],
        "data": [{"path": "a", "share": 0.5}],
        "first": {"path": "x", "share": 0.0},
    }


def test_fields_say_what_they_declare() -> None:
    by_name = {field.name: field for field in dataclasses.fields(Choices)}
    assert info(by_name["steps"]).flags == ("-s",)
    assert (long_name(by_name["batch_size"]), long_name(by_name["first"])) == ("batch-size", "source")
    assert list(flat(Choices)) == [
        ("steps",), ("batch_size",), ("bands",), ("data",), ("first", "path"), ("first", "share"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (bool, "yes or no"),
        (Annotated[Number, Ge(0), Le(1)], "a number from 0 to 1"),
        (Annotated[Number, Gt(0), Lt(1)], "a number above 0 and below 1"),
        (Annotated[Whole, Le(4)], "a whole number at most 4"),
        (Literal["a", "b", "c"], "a, b or c"),
        (str | None, "text"),
        (tuple[Whole, Whole], "2 values, each a whole number"),
        (Path, "of type Path"),
    ],
)
def test_types_in_words(kind: Any, said: str) -> None:
    assert words(kind) == said


def test_one_value_is_checked_as_a_field_would() -> None:
    assert check("turn", "45", Annotated[Number, Ge(0)]) == 45.0
    assert check("align", "no", bool) is False
    with pytest.raises(UsageError, match=r"turn '-1': must be a number of at least 0"):
        check("turn", "-1", Annotated[Number, Ge(0)])
