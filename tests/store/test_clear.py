"""Killed at each operation while an old output is removed: tests/store/test_journal.py."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from changen_cli.errors import StoreError
from changen_cli.store.base import Outcome, StoreSpec
from changen_cli.store.clear import clear_output, is_cleared_in_part
from changen_cli.store.formats.registry import find_formats

Run = Callable[..., None]
Tree = Callable[[Path], dict[str, bytes]]


@pytest.mark.parametrize("format", find_formats())
def test_nothing_of_ours_is_left(
    tmp_path: Path, run_store: Run, tree: Tree, spec: StoreSpec, with_looks: list[Outcome], format: str
) -> None:
    run_store(format, tmp_path, spec, with_looks)
    clear_output(tmp_path)
    assert {name for name, data in tree(tmp_path).items() if data != b"<folder>"} == {".changen/lock"}
    assert not is_cleared_in_part(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_what_is_behind_a_link_stays(
    tmp_path: Path, run_store: Run, spec: StoreSpec, outcomes: list[Outcome], tree: Tree
) -> None:
    out = tmp_path / "out"
    run_store("zarr", out, spec, outcomes)
    (out / "mask").rename(tmp_path / "elsewhere")
    (out / "mask").symlink_to(tmp_path / "elsewhere")
    before = tree(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="mask is a link"):
        clear_output(out)
    assert tree(tmp_path / "elsewhere") == before
    assert (out / "manifest.json").exists()
