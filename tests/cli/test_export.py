from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from tests.commands import Changen, Start


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
