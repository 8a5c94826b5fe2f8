"""The folder of a run: kept when it is cut off, empty for another run, gone when it is done, one run at a time."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

import pytest

from changen_cli.detection.options import DetectOptions
from changen_cli.detection.resume import key_of, resumable_folder
from changen_cli.errors import StoreError
from tests.detection.conftest import Difference


def cut_off(target: Path, name: str) -> NoReturn:
    """A run that makes a file and a folder and is cut off; it tells what it found of earlier ones."""
    with resumable_folder(target, {"a": 1}) as folder:
        found = sorted(path.name for path in folder.iterdir())
        (folder / name).touch()
        (folder / f"{name}s").mkdir()
        raise CutOff(found)


class CutOff(KeyboardInterrupt):
    """Carries what was found."""


def test_a_folder_is_kept_for_the_same_run_alone(tmp_path: Path) -> None:
    target = tmp_path / "new/change.tif"
    with pytest.raises(CutOff) as first:
        cut_off(target, "one")
    assert first.value.args[0] == ["lock", "run.json"]
    with pytest.raises(CutOff) as second:
        cut_off(target, "two")
    assert second.value.args[0] == ["lock", "one", "ones", "run.json"]
    with resumable_folder(target, {"a": 2}) as folder:
        assert sorted(path.name for path in folder.iterdir()) == ["lock", "run.json"]
    assert not folder.exists()


def test_one_run_at_a_time(tmp_path: Path) -> None:
    with (
        resumable_folder(tmp_path / "change.tif", {}),
        pytest.raises(StoreError, match="another run"),
        resumable_folder(tmp_path / "change.tif", {}),
    ):
        pass


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "data").touch()
    work = tmp_path / ".change.tif.work"
    work.mkdir()
    (work / "link").symlink_to(precious)
    with resumable_folder(tmp_path / "change.tif", {}) as folder:
        assert not (folder / "link").exists()
    assert (precious / "data").exists()


def test_a_run_depends_on_its_inputs_its_weights_and_what_changes_pixels(tmp_path: Path) -> None:
    before, after = tmp_path / "a.tif", tmp_path / "b.tif"
    before.write_text("a")
    after.write_text("b")

    def key(device: str = "cpu", **more: object) -> dict[str, object]:
        options = DetectOptions(before=str(before), after=str(after), output="c.tif", **more)  # type: ignore[arg-type]
        return key_of(options, Difference(), device)

    first = key()
    assert first == key(vector="c.gpkg", min_area=5.0, batch_size=1)
    for other in (key(threshold=0.6), key(overlap=64), key("cuda:0")):
        assert other != first
    os.utime(after, (1, 1))
    assert key() != first
