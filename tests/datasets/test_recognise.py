from __future__ import annotations

import shutil
from pathlib import Path

from changen_cli.datasets.recognise import find_datasets, recognise


def test_every_data_set_is_found(twins: Path) -> None:
    assert find_datasets(twins) == {
        "levir-cd": twins / "LEVIR-CD",
        "s2looking": twins / "S2Looking",
        "whu-cd": twins / "WHU",
        "xview2": twins / "xview2",
        "levir-cd+": twins / "more" / "LEVIR-CD+",
    }


def test_a_folder_may_be_the_data_set_itself(twins: Path) -> None:
    assert find_datasets(twins / "S2Looking") == {"s2looking": twins / "S2Looking"}


def test_names_tell_where_folders_do_not(twins: Path, tmp_path: Path) -> None:
    for name, wanted in (("WHU-CD-256", "whu-cd-256"), ("set", "levir-cd"), ("LEVIR_CD_plus", "levir-cd+")):
        shutil.copytree(twins / "LEVIR-CD", tmp_path / name)
        assert recognise(tmp_path / name) == wanted
    shutil.move(tmp_path / "set" / "A" / "train_1.png", tmp_path / "set" / "A" / "a.png")
    assert recognise(tmp_path / "set") == "pairs"


def test_a_broken_data_set_is_still_one(twins: Path) -> None:
    shutil.rmtree(twins / "WHU" / "2012")
    shutil.rmtree(twins / "xview2" / "train" / "images")
    assert recognise(twins / "WHU") == "whu-cd"
    assert recognise(twins / "xview2") == "xview2"


def test_other_folders_are_none(tmp_path: Path) -> None:
    (tmp_path / "train" / "images").mkdir(parents=True)
    assert recognise(tmp_path) is None
    assert find_datasets(tmp_path) == {}
    assert find_datasets(tmp_path / "nowhere") == {}
