from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import rasterio

from changen_cli.errors import StoreError
from changen_cli.pipeline.finalize import finalize
from changen_cli.pipeline.generate import generate
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.pipeline.prepare import Preparer
from tests.outputs import Tree

Options = Callable[..., GenerateOptions]


@pytest.fixture
def options(options: Options) -> Options:
    """Runs in this process."""
    return partial(options, workers=0)


@pytest.fixture
def stopped(options: Options, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The output of a run that was stopped before its third and last shard."""

    def prepare(self: Preparer, shard: int) -> object:
        if shard == 2:
            raise KeyboardInterrupt
        return real(self, shard)

    real = Preparer.prepare
    with monkeypatch.context() as patch:
        patch.setattr(Preparer, "prepare", prepare)
        with pytest.raises(KeyboardInterrupt):
            generate(options())
    return tmp_path / "out"


def test_an_input_that_stayed_is_not_read_again(
    options: Options, stopped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (stopped / ".changen" / "inputs.json").exists()
    read: list[int] = []
    monkeypatch.setattr(Preparer, "digest", lambda self, index: read.append(index))
    assert generate(options()).resumed == 4
    assert read == []
    assert not (stopped / ".changen" / "inputs.json").exists()


def test_each_worker_notes_what_it_saw(options: Options, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other machines may see other dates of the same files; only who saw another one reads its tiles again."""
    home = tmp_path / "out" / ".changen"
    generate(options(shard="0/2"))
    os.utime(options().inputs[0], (1, 1))
    generate(options(shard="1/2"))
    assert sorted(path.name for path in home.glob("inputs*")) == ["inputs-0-of-2.json", "inputs-1-of-2.json"]
    read: list[int] = []
    real = Preparer.digest

    def digest(self: Preparer, index: int) -> str:
        read.append(index)
        return real(self, index)

    monkeypatch.setattr(Preparer, "digest", digest)
    generate(options(shard="1/2"))
    assert read == []
    generate(options(shard="0/2"))
    assert read == [0, 1, 4, 5]
    finalize(tmp_path / "out")
    assert list(home.glob("inputs*")) == []


def test_an_input_that_was_copied_is_read_again_and_is_the_same(
    options: Options, stopped: Path, tmp_path: Path, tree: Tree
) -> None:
    os.utime(options().inputs[0], (1, 1))
    assert generate(options()).resumed == 4
    generate(options(output=str(tmp_path / "whole")))
    assert tree(stopped) == tree(tmp_path / "whole")


def test_an_input_that_was_edited_in_its_middle_is_refused(
    options: Options, stopped: Path, tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The edit of one pixel, of a tile that is done, which size and ends of the file do not show."""
    path = Path(options().inputs[0])
    with rasterio.open(path, "r+") as town:
        patch = np.full((3, 1, 1), 255, np.uint8)
        town.write(patch, window=((150, 151), (20, 21)))
    monkeypatch.setattr("changen_cli.pipeline.record.fingerprint_files", lambda *_: _recorded(stopped))
    before = tree(stopped)
    with pytest.raises(StoreError, match=r"town\.tif has changed since .*: town__r000100_c000000 would be another now"):
        generate(options())
    after = tree(stopped)
    assert after.keys() - before.keys() <= {".changen/tmp"}
    assert all(after[name] == data for name, data in before.items() if name != ".changen/lock" and name in after)


def _recorded(out: Path) -> str:
    from changen_cli.store.arguments import read_run

    arguments = read_run(out)
    assert arguments is not None
    return str(arguments["input_files"])
