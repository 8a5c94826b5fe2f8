"""What a run gives depends on its arguments alone: not on speed, order, place, or how often it was stopped."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from changen_cli import open_series
from tests.commands import Changen, Start
from tests.outputs import Tree, read_whole


@pytest.fixture
def words(town: Callable[..., Path], tmp_path: Path, untrained_weights: Path) -> list[object]:
    """Arguments of a run of 12 tiles and 2 steps."""
    scene = town(tmp_path / "in", size=(200, 280))
    return [
        "-i", scene, "--tile-size", 72, "--steps", 2, "--synthesizer", "changen", "--weights", untrained_weights,
        "--events", "create,remove,rotate", "--precision", "fp32", "--device", "cpu",
    ]  # fmt: skip


def test_the_same_run_elsewhere_gives_the_same_bytes(
    generate: Changen, words: list[object], tmp_path: Path, tree: Tree
) -> None:
    for format in ("zarr", "geotiff", "levir"):
        for name in ("a", "b"):
            assert generate(*words, "-f", format, "-o", tmp_path / name / format).code == 0
    assert tree(tmp_path / "a") == tree(tmp_path / "b")


@pytest.mark.parametrize("fast", [("--workers", 1), ("--workers", 2), ("--batch-size", 5)])
@pytest.mark.parametrize("looks", [False, True], ids=["z", "looks"])
def test_speed_changes_no_byte(
    generate: Changen,
    words: list[object],
    tmp_path: Path,
    tree: Tree,
    looks_weights: Path,
    looks: bool,
    fast: tuple[object, ...],
) -> None:
    words = [*words, "--shard-samples", 2, *(("--weights", looks_weights) if looks else ())]
    assert generate(*words, "-o", tmp_path / "a").code == 0
    assert generate(*words, "-o", tmp_path / "b", *fast).code == 0
    assert tree(tmp_path / "a") == tree(tmp_path / "b")


def test_the_size_of_shards_changes_no_content(generate: Changen, words: list[object], tmp_path: Path) -> None:
    for name, more in (("a", ()), ("b", ("--shard-samples", 5)), ("c", ("--shard-samples", 1, "--workers", 2))):
        assert generate(*words, "-o", tmp_path / name, *more).code == 0
    first = open_series(tmp_path / "a")
    for name in ("b", "c"):
        other = open_series(tmp_path / name)
        assert len(other) == len(first) == 12
        for one, two in zip(first, other, strict=True):
            assert one.id == two.id
            for part in ("image", "mask", "instance", "change", "valid"):
                np.testing.assert_array_equal(getattr(one, part), getattr(two, part))
        rows = [pq.read_table(tmp_path / n / "events.parquet") for n in ("a", name)]
        assert rows[0].equals(rows[1])


def test_another_seed_is_another_run(generate: Changen, words: list[object], tmp_path: Path) -> None:
    for seed in (0, 1):
        generate(*words, "-o", tmp_path / str(seed), "--seed", seed)
    pairs = list(zip(read_whole(tmp_path / "0"), read_whole(tmp_path / "1"), strict=True))
    assert all(np.array_equal(one.image[0], two.image[0]) for one, two in pairs)
    assert not any(np.array_equal(one.image[1], two.image[1]) for one, two in pairs)
    assert any(not np.array_equal(one.mask, two.mask) for one, two in pairs)


def shards_done(out: Path) -> int:
    folder = out / ".changen" / "shards"
    return len(list(folder.glob("*.json"))) if folder.is_dir() else 0


def wait_until(condition: Callable[[], bool], process: subprocess.Popen[str], seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.002)


def children(pid: int) -> list[int]:
    return [
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]


def lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def stop(process: subprocess.Popen[str], number: int, *, group: bool) -> tuple[int, str]:
    (os.killpg if group else os.kill)(process.pid, number)
    _, said = process.communicate(timeout=60)
    return process.returncode, said


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks at processes in /proc")
def test_a_stopped_run_goes_on_to_the_same_bytes(
    start: Start, generate: Changen, words: list[object], tmp_path: Path, tree: Tree
) -> None:
    """SIGKILL, SIGINT to the whole group as a terminal sends it, and SIGTERM; then a run to the end."""
    run = [*words, "--shard-samples", 1, "-f", "geotiff"]
    out = tmp_path / "stopped"
    run_there = ["generate", *run, "-o", out, "--workers", 2]

    killed = start(*run_there)
    wait_until(lambda: shards_done(out) >= 2, killed)
    workers = children(killed.pid)
    assert len(workers) >= 2
    assert stop(killed, signal.SIGKILL, group=False)[0] == -signal.SIGKILL
    end = time.monotonic() + 20
    while any(map(lives, workers)):
        assert time.monotonic() < end, "workers outlive the main process"
        time.sleep(0.05)
    left = shards_done(out)
    assert 2 <= left < 12

    for number, group in ((signal.SIGINT, True), (signal.SIGTERM, False)):
        stopped = start(*run_there)
        wait_until(lambda: len(children(stopped.pid)) >= 2, stopped)  # noqa: B023  # its workers are starting now
        code, said = stop(stopped, number, group=group)
        assert code == 130
        lines = said.splitlines()
        assert (
            lines[-1] == "changen: interrupted; run it again: generate, detect and trainings go on where they stopped"
        )
        assert "Traceback" not in said
        assert shards_done(out) < 12

    assert generate(*run, "-o", out).code == 0
    assert generate(*run, "-o", tmp_path / "whole").code == 0
    assert tree(out) == tree(tmp_path / "whole")


@pytest.mark.slow
@pytest.mark.parametrize("format", ["zarr", "levir"])
def test_killed_at_any_moment(
    start: Start,
    generate: Changen,
    words: list[object],
    tmp_path: Path,
    tree: Tree,
    looks_weights: Path,
    format: str,
) -> None:
    run = [*words, "--shard-samples", 1, "-f", format, "--weights", looks_weights]
    out = tmp_path / "killed"
    draw = random.Random(format)
    for _ in range(4):
        process = start("generate", *run, "-o", out, "--workers", draw.choice((0, 1)))
        wait_until(
            lambda: (out / ".changen" / "lock").exists() and (out / ".changen" / "lock").stat().st_size > 0, process
        )
        time.sleep(draw.uniform(0, 2.0))
        stop(process, signal.SIGKILL, group=False)
    assert generate(*run, "-o", out).code == 0
    assert generate(*run, "-o", tmp_path / "whole").code == 0
    assert tree(out) == tree(tmp_path / "whole")
    assert (out / "looks.parquet").exists()
