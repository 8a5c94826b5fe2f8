from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from changen_cli.texts import parse_yaml, read_text


def test_a_file_is_read_as_it_is_encoded(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("\ufeffé".encode())
    assert read_text(path, encoding="utf-8-sig") == "é"
    with pytest.raises(UnicodeDecodeError):
        read_text(path, encoding="ascii")


def test_what_is_too_large_or_never_ends_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("x" * 11)
    assert read_text(path, 11) == "x" * 11
    with pytest.raises(OSError, match="is larger than 1e-05 MB"):
        read_text(path, 10)
    os.mkfifo(tmp_path / "pipe")
    for endless in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(OSError, match="is a pipe or a device"):
            read_text(endless)


def test_a_pipe_of_the_shell_is_read() -> None:
    out, into = os.pipe()
    os.write(into, b"steps: 3")
    os.close(into)
    assert read_text(f"/dev/fd/{out}") == "steps: 3"
    os.close(out)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: " + "[" * 2_000 + "]" * 2_000, "nested too deep"),
        ("a: 2020-13-45", "cannot be made"),
        ("x" * 2_000_001, "larger than 2 MB"),
        ("[", "parsing"),
    ],
    ids=["deep", "date", "large", "broken"],
)
def test_yaml_that_cannot_be_used(text: str, message: str) -> None:
    with pytest.raises(yaml.YAMLError, match=message):
        parse_yaml(text)


def test_yaml_is_read_with_a_loader() -> None:
    assert parse_yaml("a: 1:5") == {"a": 65}
    assert parse_yaml("a: 1:5", yaml.BaseLoader) == {"a": "1:5"}
