from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from changen_cli.files import checksum, scratch_folder
from changen_cli.store.base import StoreSpec
from changen_cli.store.formats.registry import make_format
from changen_cli.store.skeleton import create_store, skeleton_checksums
from tests.outputs import FORMATS

Tree = Callable[[Path], dict[str, bytes]]


@pytest.mark.parametrize("format", FORMATS)
def test_its_files_are_known_and_made_whole(tmp_path: Path, tree: Tree, spec: StoreSpec, format: str) -> None:
    store = make_format(format, tmp_path / "out", spec)
    create_store(store)
    whole = tree(store.root)
    files = {name: checksum(data) for name, data in whole.items() if data != b"<folder>"}
    assert skeleton_checksums(store) == files
    for name in files:
        for damaged in (b"{", b""):
            (store.root / name).write_bytes(damaged)
            create_store(store)
            assert tree(store.root) == whole
    assert list(scratch_folder(store.root).iterdir()) == []
