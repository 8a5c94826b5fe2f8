"""The configurations, read by mmengine as open-cd does, and held against the rules of open-cd's readers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from changen_cli.export.opencd import config
from tests.export.conftest import Export

SUFFIX = {"WHU_CD_Dataset": "", "LEVIR_CD_Dataset": ".png", "S2Looking_Dataset": ".png", "SECOND_Dataset": ".png"}
"""What the classes of open-cd put behind each name of a list."""


def read_config(path: Path) -> dict[str, Any]:
    """Reads a configuration as mmengine does: its variables first, then the Python code."""
    values: dict[str, Any] = {}
    exec(path.read_text(encoding="utf-8").replace("{{ fileDirname }}", path.parent.as_posix()), values)
    return values


def find_files(data: dict[str, Any]) -> list[tuple[Path, ...]]:
    """Finds the files of each pair by the rules of ``BaseCDDataset.load_data_list``."""
    root, suffix = Path(data["data_root"]), SUFFIX[data["type"]]
    folders = [root / folder for folder in data["data_prefix"].values()]
    if "ann_file" in data:
        names = [line.strip() + suffix for line in (root / data["ann_file"]).read_text().splitlines()]
    else:
        names = sorted(path.name for path in folders[0].iterdir() if path.name.endswith(suffix))
        assert names == sorted(path.name for path in folders[1].iterdir() if path.name.endswith(suffix))
    return [tuple(folder / name for folder in folders) for name in names]


@pytest.mark.parametrize("layout", ["levir-cd", "levir-cd-plus", "whu", "s2looking", "second"])
def test_open_cd_finds_every_pair(run: Export, layout: str) -> None:
    root = run(layout, class_name=("2=water",))
    path = root / "LEVIR-CD+" / "opencd.py" if layout == "levir-cd-plus" else root / "opencd.py"
    read = read_config(path)
    for split, count in {"train": 4, "val": 0, "test": 2}.items():
        found = find_files(read[f"{split}_dataloader"]["dataset"])
        assert len(found) == count
        assert all(file.is_file() for pair in found for file in pair)


def test_mmengine_reads_it(run: Export) -> None:
    mmengine = pytest.importorskip("mmengine", reason="the reader of open-cd's configurations is not installed")
    root = run("whu")
    read = mmengine.Config.fromfile(root / "opencd.py")
    assert read.test_dataloader.dataset.data_root == root.as_posix()
    assert len(find_files(read.test_dataloader.dataset.to_dict())) == 2


def test_labels_of_both_dates_have_their_reader() -> None:
    assert "MultiImgMultiAnnLoadAnnotations" in config("SECOND_Dataset", {}, semantic=True)
    assert "MultiImgMultiAnnLoadAnnotations" not in config("WHU_CD_Dataset", {})
