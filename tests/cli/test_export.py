from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.commands import Changen, Start
from tests.outputs import read_whole


def test_a_run_is_exported_and_said(
    changen: Changen, generate: Changen, town: Callable[..., Path], tmp_path: Path, out: Path
) -> None:
    generate("-i", town(tmp_path / "in", size=(128, 256)), "-o", out, "-f", "levir", "--steps", 2)
    done = changen("export", out, "--layout", "levir-cd", "-o", tmp_path / "there", "-q")
    assert (done.code, done.out) == (0, f"{tmp_path / 'there'}: 4 pairs (train 4, val 0, test 0)\n"), done.err
    again = changen("export", out, "--layout", "levir-cd", "-o", tmp_path / "there", "-q")
    assert "--overwrite" in again.error
    said = changen("export", out, "-l", "levir-cd", "-o", tmp_path / "there", "--pairs", "all", "--overwrite", "--json")
    assert json.loads(said.out)["counts"] == {"train": 6, "val": 0, "test": 0}


def test_the_layouts_are_in_the_help(changen: Changen) -> None:
    said = " ".join(changen("export", "--help").out.split())
    assert "levir-cd-plus" in said
    assert "s2looking" in said


def test_a_killed_export_leaves_nothing_that_looks_whole(
    changen: Changen, generate: Changen, start: Start, town: Callable[..., Path], tmp_path: Path, out: Path
) -> None:
    generate("-i", town(tmp_path / "in", size=(512, 512)), "-o", out, "--steps", 4)
    there, work = tmp_path / "there", tmp_path / ".there.work"
    process = start("export", out, "-l", "whu", "-o", there, "-q")
    deadline = time.monotonic() + 120
    while not list(work.glob("there/A/*.png")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not there.exists()
    assert changen("export", out, "-l", "whu", "-o", there, "-q").code == 0
    assert len(list((there / "A").iterdir())) == 4 * 16
    assert not work.exists()


def test_an_export_as_xview2_is_input_again(
    changen: Changen, generate: Changen, town: Callable[..., Path], tmp_path: Path, out: Path
) -> None:
    """Our own reader of xBD finds the same footprints, and fits the georeference from their vertices."""
    generate("-i", town(tmp_path / "in", size=(256, 256)), "-o", out, "--steps", 1, "--tile-size", 256)
    assert changen("export", out, "-l", "xview2", "-o", tmp_path / "xbd", "-q").code == 0
    again = generate("-i", tmp_path / "xbd" / "train", "-o", tmp_path / "again", "--steps", 1, "--tile-size", 256)
    assert again.code == 0, again.err
    (first,), (second,) = read_whole(out), read_whole(tmp_path / "again")
    assert np.array_equal(second.mask[0], first.mask[0])
    assert np.array_equal(second.image[0], first.image[0])
    assert second.transform is not None
