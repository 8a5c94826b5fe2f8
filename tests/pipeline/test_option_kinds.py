"""Values as users type them, and as Python gives them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from changen_cli.pipeline.option_kinds import CreationOptions, Inputs, OneShare, Shares


def parsed(kind: Any, value: object) -> Any:
    return TypeAdapter(kind).validate_python(value)


def test_inputs_are_one_or_several_and_at_least_one() -> None:
    assert parsed(Inputs, "a.tif") == ("a.tif",)
    assert parsed(Inputs, Path("a.tif")) == ("a.tif",)
    assert parsed(Inputs, ["a", "b"]) == ("a", "b")
    with pytest.raises(ValidationError):
        parsed(Inputs, [])


def test_creation_options_have_names_in_capitals() -> None:
    assert parsed(CreationOptions, ["compress=ZSTD", "LEVEL=3"]) == {"COMPRESS": "ZSTD", "LEVEL": "3"}
    assert parsed(CreationOptions, {"A": "b"}) == {"A": "b"}
    for wrong in ("ZSTD", "=3"):
        with pytest.raises(ValidationError):
            parsed(CreationOptions, wrong)


def test_shares_are_none_below_0_and_not_all_0() -> None:
    assert parsed(Shares, "8,1,1") == (8, 1, 1)
    for wrong in ("0,0,0", "1,-1,1", "1,1"):
        with pytest.raises(ValidationError):
            parsed(Shares, wrong)


def test_a_share_is_i_of_n_or_auto() -> None:
    assert parsed(OneShare, "auto") == "auto"
    assert parsed(OneShare, "3/8") == "3/8"
