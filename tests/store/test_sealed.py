from __future__ import annotations

import math
from pathlib import Path

import pytest

from changen_cli.files import checksum
from changen_cli.store.sealed import SEAL, seal, to_json, unseal


def test_json_depends_on_the_value_alone() -> None:
    assert to_json({"b": 1, "a": ("Zürich", None)}) == to_json({"a": ["Zürich", None], "b": 1})
    assert to_json("Zürich") == '"Zürich"\n'.encode()
    with pytest.raises(ValueError, match="nan"):
        to_json(math.nan)
    with pytest.raises(TypeError):
        to_json(Path("x"))


def test_a_sealed_file_comes_back() -> None:
    value = {"a": [1, 0.1, None, "Zürich"], "b": {"c": True}}
    assert unseal(seal(value)) == value
    assert seal(value) == seal(value)


def test_every_flipped_bit_of_a_sealed_file_is_noticed() -> None:
    data = seal({"steps": 3, "files": {"a": "12 ab"}})
    for place in range(len(data)):
        for bit in range(8):
            with pytest.raises(ValueError, match=r".*"):
                unseal(data[:place] + bytes([data[place] ^ 1 << bit]) + data[place + 1 :])


@pytest.mark.parametrize("data", [b"[]", b"{}", b"7", b"", b"{"])
def test_what_was_never_sealed_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        unseal(data)


@pytest.mark.parametrize(
    "value", [{}, {"b": [1, {"z": "\n", "a": ()}], "a": {}, "é": "é", "zz": None}, {"digestion": 1}]
)
def test_a_seal_is_the_json_with_the_digest_of_the_json_without(value: dict[str, object]) -> None:
    assert seal(value) == to_json({**value, SEAL: checksum(to_json(value)).digest})
