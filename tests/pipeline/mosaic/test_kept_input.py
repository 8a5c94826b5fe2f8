from __future__ import annotations

from pathlib import Path

from changen_cli.files import half_done_folder
from changen_cli.pipeline.mosaic.kept_input import keep_input


def test_strips_stay_while_the_scene_is_what_it_was(tmp_path: Path) -> None:
    folder = keep_input(tmp_path, "one", "a")
    assert folder == half_done_folder(tmp_path) / "one"
    (folder / "strip").write_bytes(b"1")
    assert (keep_input(tmp_path, "one", "a") / "strip").exists()


def test_strips_of_other_pixels_go_and_those_of_other_scenes_stay(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (keep_input(tmp_path, name, "a") / "strip").write_bytes(b"1")
    assert not (keep_input(tmp_path, "one", "b") / "strip").exists()
    assert (keep_input(tmp_path, "two", "a") / "strip").exists()


def test_strips_of_which_nobody_knows_the_input_go(tmp_path: Path) -> None:
    folder = half_done_folder(tmp_path) / "one"
    folder.mkdir(parents=True)
    (folder / "strip").write_bytes(b"1")
    assert not (keep_input(tmp_path, "one", "a") / "strip").exists()
