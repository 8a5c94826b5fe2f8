"""Outputs that cannot be written: one clear line and exit code 2; nothing of anybody else is touched."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from changen_cli.store.lock import Lock
from tests.commands import Changen
from tests.outputs import Tree


def test_an_output_that_cannot_be_made(generate: Changen, town: Callable[..., Path], tmp_path: Path) -> None:
    path = town(tmp_path / "in", size=(128, 128))
    below = path / "out"
    done = generate("-i", path, "-o", below)
    assert done.code == 2
    assert str(path) in done.error
    done = generate("-i", path, "-o", path)
    assert done.code == 2
    assert "is a file; choose another --output" in done.error


def test_an_output_of_somebody_else(generate: Changen, town: Callable[..., Path], tmp_path: Path, tree: Tree) -> None:
    path = town(tmp_path / "in", size=(128, 128))
    before = tree(tmp_path / "in")
    for words in ([], ["--overwrite"]):
        done = generate("-i", path, "-o", tmp_path / "in", *words)
        assert done.code == 2
        assert "was not written by changen" in done.error
    assert tree(tmp_path / "in") == before


def test_a_read_only_disk(
    generate: Changen, town: Callable[..., Path], tmp_path: Path, mount: Callable[[str], Path]
) -> None:
    path = town(tmp_path / "in", size=(128, 128))
    disk = mount("size=1m,ro")
    done = generate("-i", path, "-o", disk / "out")
    assert done.code == 2
    assert f"cannot write {disk}" in done.error
    assert "choose another --output" in done.error


@pytest.mark.parametrize("format", ["zarr", "geotiff", "levir"])
def test_a_full_disk(
    generate: Changen, town: Callable[..., Path], tmp_path: Path, tree: Tree, mount: Callable[[str], Path], format: str
) -> None:
    source = town(tmp_path / "in")
    words = ["-i", source, "-f", format, "--steps", 3, "--shard-samples", 2]
    disk = mount("size=700k")
    done = generate(*words, "-o", disk / "out")
    assert done.code == 2
    assert f"no space left on the disk of {disk}" in done.error
    assert "run the same command again" in done.error
    # with more room the same command goes on and gives what it would have given at once
    shutil.copytree(disk / "out", tmp_path / "out")
    assert generate(*words, "-o", tmp_path / "out").code == 0
    assert generate(*words, "-o", tmp_path / "whole").code == 0
    assert tree(tmp_path / "out") == tree(tmp_path / "whole")


def test_two_runs_at_once(generate: Changen, town: Callable[..., Path], tmp_path: Path, out: Path) -> None:
    path = town(tmp_path / "in", size=(128, 128))
    assert generate("-i", path, "-o", out).code == 0
    other = Lock(out / ".changen" / "lock")
    other.acquire()
    try:
        done = generate("-i", path, "-o", out)
    finally:
        other.release()
    assert done.code == 2
    assert "another run (process" in done.error
