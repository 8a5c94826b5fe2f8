from __future__ import annotations

from pathlib import Path

from changen_cli.resources import example_files
from tests.commands import Changen


def test_the_scene_is_copied(changen: Changen, out: Path) -> None:
    done = changen("example", out / "below")
    assert (done.code, done.out) == (0, f"{out / 'below'}\n"), done.err
    copied = {path.name: path.read_bytes() for path in (out / "below").iterdir()}
    assert copied == {path.name: path.read_bytes() for path in example_files()}
    assert {Path(name).suffix for name in copied} >= {".tif"}


def test_files_of_the_same_name_are_kept(changen: Changen, out: Path) -> None:
    out.mkdir()
    first, second = (path.name for path in example_files()[:2])
    (out / first).write_text("mine")
    assert changen("example", out).code == 0
    assert (out / first).read_text() == "mine"
    assert (out / second).is_file()


def test_a_folder_that_cannot_be_made(changen: Changen, out: Path) -> None:
    out.write_text("a file")
    done = changen("example", out)
    assert done.code == 2
    assert f"{out}: cannot copy the example there" in done.error
    assert "choose another folder" in done.error


def test_a_run_of_it(changen: Changen, generate: Changen, tmp_path: Path, out: Path) -> None:
    changen("example", tmp_path / "scene")
    assert generate("-i", tmp_path / "scene", "-o", out, "--tile-size", 256).code == 0
