from __future__ import annotations

import json
from pathlib import Path

import pytest

from changen_cli.errors import PluginError, StoreError, UsageError
from changen_cli.export.export import export_series
from changen_cli.export.options import ExportOptions
from changen_cli.export.target import RECORD
from changen_cli.reporter import Silent
from tests.export.conftest import Export
from tests.outputs import Tree


class Listening(Silent):
    def __init__(self) -> None:
        self.warned: list[str] = []

    def warn(self, line: str) -> None:
        self.warned.append(line)


def test_a_folder_says_where_it_comes_from(run: Export) -> None:
    record = json.loads((run("whu") / RECORD).read_text())
    assert record["layout"] == "whu"
    assert record["pairs"] == {"train": 4, "val": 0, "test": 2}
    assert record["source"]["store"]["format"] == "zarr"


def test_a_split_that_has_nothing_is_said(stores: Path, tmp_path: Path) -> None:
    listening = Listening()
    done = export_series(
        ExportOptions(series=str(stores / "zarr"), layout="whu", output=str(tmp_path / "out")), listening
    )
    assert done.written.counts == {"train": 4, "val": 0, "test": 2}
    (line,) = listening.warned
    assert "no pairs in val" in line


def test_the_same_export_gives_the_same_bytes(run: Export, tree: Tree) -> None:
    assert tree(run("whu", name="one")) == tree(run("whu", name="two"))


def test_links_leave_the_source_as_it_was(run: Export, stores: Path, tree: Tree) -> None:
    before = tree(stores / "levir")
    linked, copied = run("whu", "levir", name="linked"), run("whu", "levir", name="copied", copy=True)
    assert tree(stores / "levir") == before
    assert tree(linked) == tree(copied)
    pngs = list((linked / "A").iterdir())
    assert all(path.stat().st_nlink > 1 for path in pngs)
    assert all(path.stat().st_nlink == 1 for path in (copied / "A").iterdir())


def test_what_cannot_be_done_leaves_nothing(stores: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    for series, layout, error in (
        (stores / "zarr", "nothing", PluginError),
        (stores / "levir", "second", UsageError),
        (tmp_path, "whu", StoreError),
    ):
        with pytest.raises(error):
            export_series(ExportOptions(series=str(series), layout=layout, output=str(output)))
        assert list(tmp_path.iterdir()) == []
