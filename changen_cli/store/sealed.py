"""JSON files that notice when a byte of them has changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from changen_cli.files import Checksum, checksum

SEAL = "digest"
"""Key of the digest of everything else in a sealed file."""


def to_json(value: object) -> bytes:
    """Returns JSON that depends on the value alone: keys sorted, UTF-8, a newline at the end.

    Raises:
        TypeError: If a value is of a type that JSON has not.
        ValueError: If a number is not finite.
    """
    return (json.dumps(value, sort_keys=True, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode()


def seal(value: Mapping[str, object]) -> bytes:
    """Returns the JSON of a mapping with its own digest in it.

    Raises:
        TypeError: If a value is of a type that JSON has not.
        ValueError: If a number is not finite.
    """
    entries = {key: _entry(key, each) for key, each in value.items()}  # what is long is made once, not twice
    return _join({**entries, SEAL: _entry(SEAL, checksum(_join(entries) if entries else to_json({})).digest)})


def _entry(key: str, value: object) -> str:
    """Returns one entry of a mapping as :func:`to_json` writes it."""
    return json.dumps({key: value}, sort_keys=True, ensure_ascii=False, indent=1, allow_nan=False)[2:-2]


def _join(entries: Mapping[str, str]) -> bytes:
    """Returns the JSON of a mapping, which is not empty, of its entries."""
    return ("{\n" + ",\n".join(entries[key] for key in sorted(entries)) + "\n}\n").encode()


def unseal(data: bytes) -> dict[str, Any]:
    """Reads what :func:`seal` returns, to the byte.

    Raises:
        ValueError: If it is no JSON object, or any byte is another than was written.
    """
    value = json.loads(data)
    if not isinstance(value, dict) or SEAL not in value:
        raise ValueError("it has no digest")
    del value[SEAL]
    if seal(value) != data:
        raise ValueError("it has changed since it was written")
    return value


def read_checksums(values: Mapping[str, str]) -> dict[str, Checksum]:
    """Reads checksums by path in an output.

    Raises:
        ValueError: If one is none, or a path leads out of the output.
    """
    for name in values:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or not path.parts:
            raise ValueError(f"{name!r} is no path in an output")
    return {name: Checksum.parse(text) for name, text in values.items()}
