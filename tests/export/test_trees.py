from __future__ import annotations

from pathlib import Path

import pytest

from changen_cli.errors import StoreError
from changen_cli.export.options import ExportOptions
from changen_cli.export.source import Source
from changen_cli.export.target import Target
from changen_cli.export.trees import counts, write_lists, write_tree
from changen_cli.reporter import Silent


@pytest.fixture
def source(stores: Path) -> Source:
    return Source(ExportOptions(series=str(stores / "levir"), layout="whu", output="unused"), Silent())


def test_pairs_lie_by_split_and_are_listed(source: Source, tmp_path: Path) -> None:
    target = Target(tmp_path)
    names = write_tree(source, target, ("{split}/A", "{split}/B", "{split}/label"), lambda pair: f"x_{pair.id}")
    write_lists(target, "list", names, ending=".tif")
    assert counts(names) == {"train": 4, "val": 0, "test": 2}
    for folder in ("A", "B", "label"):
        assert [path.stem for path in sorted((tmp_path / "test" / folder).iterdir())] == sorted(names["test"])
        assert list((tmp_path / "val" / folder).iterdir()) == []
    assert (tmp_path / "list" / "test.txt").read_text().splitlines() == [f"{name}.tif" for name in names["test"]]
    assert (tmp_path / "list" / "val.txt").read_text() == ""


def test_one_name_for_two_pairs_is_refused(source: Source, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"A/same\.png"):
        write_tree(source, Target(tmp_path), ("A", "B", "label"), lambda pair: "same")
