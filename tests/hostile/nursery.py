"""A process that has imported everything and done nothing, and forks runs of ``changen`` that are killed.

To start a real ``changen`` takes seconds of importing; to fork one takes milliseconds, so hundreds of runs can be
killed where a handful could be started. A forked run is a real process, and really dies: of SIGKILL before a chosen
operation on files, or of the alarm of its processor time, which no handler sees, at whatever instruction that comes.
Its worker is forked too, in place of spawned. Nothing runs in this process itself, so there is no thread and no lock to
inherit.

``python tests/hostile/nursery.py SCENE FOLDER FORMAT COUNT`` prints one JSON object.
"""

from __future__ import annotations

import ctypes
import json
import mmap
import multiprocessing
import os
import random
import shutil
import signal
import struct
import sys
import time
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import geopandas  # noqa: F401
import pyarrow.parquet  # noqa: F401

import changen_cli.events.create
import changen_cli.events.remove
import changen_cli.pipeline.generate
import changen_cli.store.formats.geotiff
import changen_cli.store.formats.levir
import changen_cli.store.formats.zarr
import changen_cli.store.verify
import changen_cli.synthesis.copy  # noqa: F401
from changen_cli import plugins
from changen_cli.cli import generate as _verb  # noqa: F401
from changen_cli.cli.main import main
from changen_cli.pipeline.engines import local

CHANGING = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree"}
"""Audit events of what changes the disk, beside files that are opened to be written."""

MAIN, WORKER = 0, 1

POLITE = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What ends a run in good order."""

CHAIN = 5
"""Moments, one after the other, of one output before it is left in peace to be finished and compared."""

BARE = 0.3
"""About which part of a run is left where all shards are there."""

_told = mmap.mmap(-1, 64)
"""Shared with the runs: operations and processor time so far of the main process and of a worker, two doubles each."""


@dataclass(frozen=True)
class Moment:
    """When something happens to a run.

    Attributes:
        victim: The main process or the worker.
        signal: What it gets; where it is SIGPROF it comes after ``share`` of its processor time, else before an
            operation on files.
        share: Of all its operations, or of its processor time, 0..1.
        together: The main process dies with its worker, as where power fails.
    """

    victim: int
    signal: int
    share: float
    together: bool = False


@dataclass
class Found:
    """What became of the runs.

    Attributes:
        killed: Runs that died of their signal.
        finished: Runs that came to an end before.
        refused: Runs that lost their worker, and said so.
        stopped: Runs that a signal ended in good order.
        wrong: What should not be, in words.
        cpu: Processor time of all of it, seconds.
    """

    killed: int = 0
    finished: int = 0
    refused: int = 0
    stopped: int = 0
    wrong: list[str] = field(default_factory=list)
    cpu: float = 0.0


def _note(who: int, operations: int, seconds: float) -> None:
    struct.pack_into("dd", _told, 16 * who, operations, seconds)


def _noted(who: int) -> tuple[int, float]:
    operations, seconds = struct.unpack_from("dd", _told, 16 * who)
    return int(operations), seconds


def _arm(who: int, moment: Moment | None, whole: list[tuple[int, float]]) -> None:
    """Counts the operations of this process from now on, and kills it when its moment has come."""
    begun, count, process = time.process_time(), 0, os.getpid()
    mine = moment if moment is not None and moment.victim == who else None
    last = -1 if mine is None or mine.signal == signal.SIGPROF else int(mine.share * whole[who][0])

    def watch(event: str, arguments: Any) -> None:
        nonlocal count
        if event not in CHANGING and not (event == "open" and isinstance(arguments[2], int) and arguments[2] & 3):
            return
        if os.getpid() != process:  # the worker inherits the hook of the main process
            return
        if mine is not None and count == last:
            if mine.together:
                os.kill(os.getppid(), signal.SIGKILL)
            os.kill(os.getpid(), mine.signal)
        count += 1
        _note(who, count, time.process_time() - begun)

    sys.addaudithook(watch)
    if mine is not None and mine.signal == signal.SIGPROF:
        signal.signal(signal.SIGPROF, signal.SIG_DFL)  # it ends the process like SIGKILL
        signal.setitimer(signal.ITIMER_PROF, max(mine.share * whole[who][1], 1e-3))


def _run(words: list[str], errors: Path, moment: Moment | None, whole: list[tuple[int, float]]) -> int:
    """Runs a command in a fork, and waits until it and its workers are gone; returns how it ended, as waitpid says."""
    pid = os.fork()
    if pid == 0:
        code = 99
        try:
            os.setsid()
            for number in (1, 2):
                os.dup2(os.open(errors, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600), number)
            fork, start = multiprocessing.get_context("fork"), local._start

            def start_armed(task: Any) -> None:
                _arm(WORKER, moment, whole)
                start(task)

            multiprocessing.get_context = lambda method=None: fork  # type: ignore[assignment]
            local._start = start_armed
            _arm(MAIN, moment, whole)
            main(words)
        except SystemExit as stop:
            code = int(stop.code or 0)
        finally:
            os._exit(code)
    status = os.waitpid(pid, 0)[1]
    while True:  # this process adopts the orphans
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return status


def _tree(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() if p.is_file() else b"" for p in sorted(root.rglob("*"))}


def _moments(draw: random.Random, count: int, workers: int) -> list[Moment]:
    """Draws when runs are killed: half of them before an operation on files, half at any instruction."""
    found = []
    for number in range(count):
        victim = draw.choice((MAIN, WORKER)) if workers else MAIN
        kind = signal.SIGPROF if number % 2 else signal.SIGKILL
        together = victim == WORKER and kind == signal.SIGKILL and draw.random() < 0.5
        found.append(Moment(victim, kind, draw.random(), together))
    return found


def _judge(found: Found, moment: Moment, status: int, said: str) -> None:
    """Counts how a run ended, if it is one of the ways in which it may."""
    polite = moment.signal in POLITE
    if os.WIFSIGNALED(status) and not polite:
        found.killed += 1
    elif not os.WIFSIGNALED(status) and os.WEXITSTATUS(status) == 0:
        found.finished += 1
    elif not polite and moment.victim == WORKER and os.WEXITSTATUS(status) == 2 and "a worker process died" in said:
        found.refused += 1
    elif polite and os.WEXITSTATUS(status) == 130 and "interrupted" in said:
        found.stopped += 1
    else:
        found.wrong.append(f"{moment} ended with {status}: {said}")
    if "Traceback" in said or "internal error" in said:
        found.wrong.append(f"{moment} said {said}")


def torment(scene: Path, folder: Path, format: str, workers: int, count: int) -> Found:
    """Kills ``count`` runs, and sends nine more the signals that end a run in good order.

    Args:
        scene: Input.
        folder: Where outputs go, on a fast disk; emptied after each.
        format: Of the output.
        workers: 0 or 1.
        count: Moments.

    Returns:
        What became of them; each was compared with a run that nothing happened to.
    """
    words = ["generate", "-i", str(scene), "-f", format, "--synthesizer", "copy", "--tile-size", "32", "--quiet"]
    words += ["--workers", str(workers), "--shard-samples", "1", "--steps", "1", "--device", "cpu", "-o"]
    begun, found = time.process_time() + sum(os.times()[2:4]), Found()
    status = _run([*words, str(folder / "whole")], folder / "errors", None, [])
    if status:
        found.wrong.append(f"an undisturbed run ends with {status}: {(folder / 'errors').read_text()}")
        return found
    whole = [_noted(MAIN), _noted(WORKER)]
    wanted, out = _tree(folder / "whole"), folder / "out"

    shards = sum(name.startswith(".changen/shards/") and name.endswith(".json") for name in wanted)

    def again(moment: Moment | None) -> tuple[int, str]:
        (folder / "errors").unlink(missing_ok=True)
        # a run that goes on has less to do, and its moment must come while it does it
        left = 1 - len(list(out.glob(".changen/shards/*.json"))) / shards
        rest = [(round(count * (BARE + (1 - BARE) * left)), cpu * (BARE + (1 - BARE) * left)) for count, cpu in whole]
        status = _run([*words, str(out)], folder / "errors", moment, rest)
        return status, (folder / "errors").read_text() if (folder / "errors").exists() else ""

    def same() -> str:
        made = _tree(out)
        return ", ".join(name for name in sorted({*made, *wanted}) if made.get(name) != wanted.get(name))

    draw = random.Random(f"{format} {workers}")
    moments = _moments(draw, count, workers)
    moments += [Moment(MAIN, number, draw.random()) for number in POLITE for _ in range(3)]
    for first in range(0, len(moments), CHAIN):
        several = moments[first : first + CHAIN]
        for moment in several:
            _judge(found, moment, *again(moment))
        status, said = again(None)
        if status:
            found.wrong.append(f"after {several} it does not go on: {status} {said}")
        elif differs := same():
            found.wrong.append(f"after {several} it differs: {differs}")
        shutil.rmtree(out, ignore_errors=True)
    shutil.rmtree(folder / "whole")
    found.cpu = time.process_time() + sum(os.times()[2:4]) - begun
    return found


if __name__ == "__main__":
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER: orphaned workers become ours, to be waited for
    setattr(os, "fsync", lambda descriptor: None)  # noqa: B010  (mypy: it is another function)
    # half of the time of a small run is spent on reading what is installed
    setattr(plugins, "entry_points", cache(plugins.entry_points))  # type: ignore[attr-defined]  # noqa: B010
    for group in (plugins.FORMATS, plugins.EVENTS, plugins.SYNTHESIZERS, plugins.CONDITIONS, plugins.MODELS):
        plugins.find(group)
    scene, folder, format, count = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    print(json.dumps([asdict(torment(scene, folder, format, workers, count)) for workers in (0, 1)]))
