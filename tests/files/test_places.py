from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest

from changen_cli.files import ObjectPath, objects, place, scheme_of


@pytest.mark.parametrize(
    ("text", "scheme"),
    [("s3://b/k", "s3"), ("HTTPS://h/k", "https"), ("out", None), ("/vsis3/b/k", None), ("ftp://h/k", None)],
)
def test_schemes(text: str, scheme: str | None) -> None:
    assert scheme_of(text) == scheme
    assert isinstance(place(text), ObjectPath) == (scheme is not None)


def test_a_path_of_this_machine_stays_one(tmp_path: Path) -> None:
    assert place(str(tmp_path)) == place(tmp_path) == tmp_path


def test_it_is_handled_as_a_path() -> None:
    root = place("s3://bucket/deep/run.zarr/")
    assert str(root) == "s3://bucket/deep/run.zarr"
    inner = root / "image" / "c.0"
    assert str(inner) == f"{inner}" == "s3://bucket/deep/run.zarr/image/c.0"
    assert inner.relative_to(root).as_posix() == "image/c.0"
    assert (inner.name, str(inner.parent)) == ("c.0", "s3://bucket/deep/run.zarr/image")
    assert pickle.loads(pickle.dumps(inner)) == inner
    assert isinstance(inner, ObjectPath)
    assert inner.address == objects.Address("s3://bucket", "deep/run.zarr/image/c.0")
    whole = place("s3://bucket")
    assert isinstance(whole, ObjectPath)
    assert whole.address == objects.Address("s3://bucket", "")


def test_a_container_of_azure_belongs_to_an_account() -> None:
    path = place("az://account/container/a/b")
    assert isinstance(path, ObjectPath)
    assert path.address == objects.Address("az://account/container", "a/b")


def test_it_is_never_taken_for_a_file_of_this_machine() -> None:
    path = place("s3://bucket/run")
    with pytest.raises(TypeError, match="s3://bucket/run is no file of this machine"):
        os.listdir(path)
    with pytest.raises(TypeError):
        os.listdir(path)
    with pytest.raises(TypeError):
        path.mkdir()
    with pytest.raises(TypeError):
        path.write_bytes(b"")


def test_what_is_there(memory: str) -> None:
    root = place(f"{memory}/run")
    assert not root.exists()
    objects.put(objects.Address(memory, "run/a/b.json"), b"{}")
    objects.put(objects.Address(memory, "run/c.txt"), b"123")
    assert (root.exists(), root.is_dir(), root.is_file()) == (True, True, False)
    file = root / "c.txt"
    assert (file.exists(), file.is_dir(), file.is_file(), file.is_symlink()) == (True, False, True, False)
    assert file.lstat().st_size == file.stat().st_size == 3
    assert [path.name for path in root.iterdir()] == ["a", "c.txt"]
    assert [path.name for path in root.glob("*.txt")] == ["c.txt"]
    assert file.read_bytes() == b"123"
    file.unlink()
    file.unlink(missing_ok=True)
    with pytest.raises(FileNotFoundError):
        file.read_bytes()


def test_nothing_is_a_folder_where_nothing_can_be_listed() -> None:
    assert not place("https://example.org/run").is_dir()


def test_a_url_is_absolute_as_it_is() -> None:
    path = place("s3://bucket/run/../mask")
    assert path.resolve() == path
    assert place("s3://bucket/run").resolve().name == "run"
