from __future__ import annotations

import sys
from pathlib import Path

import pytest

from changen_cli.errors import StoreError
from changen_cli.files import objects
from changen_cli.files.objects import Address


@pytest.fixture
def here(memory: str) -> Address:
    return Address(memory, "a/b")


def test_an_object_is_put_read_and_deleted(here: Address, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as missing:
        objects.look(here)
    assert missing.value.filename == "s3://memory/a/b"
    objects.put(here, b"12345")
    assert objects.look(here).size == 5
    assert objects.get(here)[0] == b"12345"
    (tmp_path / "file").write_bytes(b"from a file")
    objects.put(here, tmp_path / "file")
    assert objects.get(here)[0] == b"from a file"
    objects.delete(here)
    objects.delete(here)
    with pytest.raises(FileNotFoundError):
        objects.get(here)


def test_of_two_writes_on_a_condition_one_succeeds(here: Address) -> None:
    tag = objects.put_if(here, b"mine", None)
    with pytest.raises(FileExistsError):
        objects.put_if(here, b"yours", None)
    second = objects.put_if(here, b"mine 2", tag)
    with pytest.raises(FileExistsError):
        objects.put_if(here, b"yours", tag)
    assert objects.get(here) == (b"mine 2", second)


def test_listings(memory: str) -> None:
    for key in ("run/x/1", "run/x/2", "run/y", "runner"):
        objects.put(Address(memory, key), b"")
    assert objects.names(Address(memory, "run")) == ["x", "y"]
    assert sorted(objects.keys_below(Address(memory, "run"))) == ["x/1", "x/2", "y"]
    assert sorted(objects.keys_below(Address(memory, ""))) == ["run/x/1", "run/x/2", "run/y", "runner"]


def test_it_is_read_here_and_there(here: Address) -> None:
    objects.put(here, bytes(range(200)))
    with objects.open_object(here) as file:
        assert file.seek(-4, 2) == 196
        assert file.read() == bytes(range(196, 200))
        file.seek(10)
        assert file.read(3) == b"\x0a\x0b\x0c"
        assert file.tell() == 13
        assert file.seek(2, 1) == 15
    with pytest.raises(FileNotFoundError):
        objects.open_object(Address(here.base, "no"))


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)
    objects.store.cache_clear()
    with pytest.raises(StoreError, match=r"pip install 'changen\[remote\]'"):
        objects.store("s3://bucket")


def test_a_url_that_is_none() -> None:
    pytest.importorskip("obstore")
    with pytest.raises(StoreError, match="cannot be used as an object store"):
        objects.store("s3://")
