from __future__ import annotations

import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changen_cli.files.checksums import Checksum, checksum, checksum_file, forget, note, noting


def test_it_is_what_xxh128sum_prints() -> None:
    """Values of the reference implementation, xxHash 0.8."""
    assert checksum(b"") == (0, "99aa06d3014798d86001c324468d497f")
    assert checksum(b"a") == (1, "a96faf705af16834e6c632b61e964e1f")


@given(st.binary(max_size=300))
def test_bytes_and_files_have_the_same(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("sums") / "file"
    path.write_bytes(data)
    assert checksum_file(path) == checksum(data) == checksum(memoryview(data)) == checksum(bytearray(data))


def test_a_file_of_several_blocks(tmp_path: Path) -> None:
    data = bytes(range(256)) * 10_000
    (tmp_path / "file").write_bytes(data)
    assert checksum_file(tmp_path / "file") == checksum(data)


def test_text_comes_back() -> None:
    found = checksum(b"pixels")
    assert Checksum.parse(str(found)) == found


@pytest.mark.parametrize(
    "text", ["", "12", "x 99aa06d3014798d86001c324468d497f", "-1 " + "a" * 32, "12 ab", "\u0663 " + "a" * 32]
)
def test_what_is_no_checksum_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no checksum"):
        Checksum.parse(text)


def test_only_this_thread_is_noted(tmp_path: Path) -> None:
    with noting() as noted:
        other = threading.Thread(target=lambda: note(tmp_path / "other", checksum(b"")))
        other.start()
        other.join()
        note(tmp_path / "mine", checksum(b"1"))
        note(tmp_path / "gone", checksum(b"2"))
        forget(tmp_path / "gone")
    note(tmp_path / "after", checksum(b"3"))
    assert noted == {tmp_path / "mine": checksum(b"1")}
