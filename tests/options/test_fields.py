from __future__ import annotations

import dataclasses

from changen_cli.options import as_manifest, flat, info, long_name
from tests.options.choices import Choices, Source


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
