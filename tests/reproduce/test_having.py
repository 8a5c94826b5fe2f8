from __future__ import annotations

import hashlib
import runpy
from pathlib import Path

import pytest

from changen_cli.reproduce.having import INCEPTION, Having

MAKE = str(Path(__file__).parents[1] / "data" / "make_pairs.py")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    make = runpy.run_path(MAKE)
    make["make_levir"](tmp_path / "LEVIR-CD")
    make["make_levir"](tmp_path / "WHU-256")
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "resnet18-f37072fd.pth").write_bytes(b"x")
    return tmp_path


def test_a_data_set_that_is_not_whole_is_lacking_but_for_tiny(root: Path) -> None:
    folder, about, lacking = Having(root).data("levir-cd")
    assert folder == root / "LEVIR-CD"
    assert about == {"data": "levir-cd", "pairs": {"train": 3, "val": 1, "test": 2}}
    assert "is not whole (train: 3 of 445;" in lacking[0]
    assert Having(root, lenient=True).data("levir-cd") == (folder, about, ())


def test_a_data_set_that_is_not_there(root: Path) -> None:
    for place in (root, root / "nowhere"):
        _, about, lacking = Having(place, lenient=True).data("s2looking")
        assert about == {}
        assert f"s2looking is not in {place}: get S2Looking from https://" in lacking[0]


def test_tiles_stand_in_for_the_whole_pair_of_whu(root: Path) -> None:
    folder, about, _ = Having(root, lenient=True).data("whu-cd")
    assert (folder, about["data"]) == (root / "WHU-256", "whu-cd-256")


def test_another_inception_is_refused_before_hours_are_spent(root: Path) -> None:
    file = root / "weights" / "weights-inception-2015-12-05-6726825d.pth"
    file.write_bytes(b"x")
    _, _, lacking = Having(root).weights(INCEPTION)
    assert f"{file} is not the published file" in lacking[0]
    assert "https://github.com/toshas/torch-fidelity" in lacking[0]
    assert Having(root, lenient=True).weights(INCEPTION)[2] == ()


def test_files_of_weights(root: Path) -> None:
    having = Having(root)
    path, about, lacking = having.weights("resnet18")
    assert path == root / "weights" / "resnet18-f37072fd.pth"
    assert about == {"weights": "resnet18", "sha256": hashlib.sha256(b"x").hexdigest()}
    assert lacking == ()
    _, _, lacking = having.weights("resnet1")  # the beginning of another's name is not its name
    assert "timm, which calls the network resnet1" in lacking[0]
    _, _, lacking = Having(root / "nowhere").weights("resnet18_sentinel2_rgb_seco")
    assert "torchgeo" in lacking[0]
