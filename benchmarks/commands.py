"""What the long benchmarks share: ``changen`` in processes of its own, what that costs, and results kept as JSON."""

from __future__ import annotations

import json
import os
import resource
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import yaml

T = TypeVar("T")

ROOT = Path(__file__).resolve().parents[1]
"""Where every command runs: the paths of the plans start here."""

ONE_THREAD = {"OMP_NUM_THREADS": "1"}
"""For generating and measuring: the last bits of sums depend on how many threads there are."""


class PlanFile:
    """A benchmark's plan, and the folder that the results go to.

    Attributes:
        values: The file as it is.
        runs: The folder of the results.
    """

    def __init__(self, path: Path, runs: Path) -> None:
        """Reads the plan.

        Args:
            path: YAML file.
            runs: Folder of the results; may not be there yet.
        """
        self.values: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        self.runs = runs

    @cached_property
    def shown_runs(self) -> str:
        """The folder of the results as commands name it: from the root of the repository where it lies inside."""
        runs = self.runs.resolve()
        return os.path.relpath(runs, ROOT) if runs.is_relative_to(ROOT) else str(runs)


def run_changen(words: list[str], environment: Mapping[str, str] | None = None, codes: Iterable[int] = (0,)) -> str:
    """Runs ``changen`` in a process of its own, as a user would.

    Args:
        words: What stands after ``changen``.
        environment: Variables for it, besides those that are set.
        codes: Exit codes that are no failure.

    Returns:
        Its standard output.

    Raises:
        SystemExit: If it fails; what it said stands on standard error already.
    """
    added = dict(environment or {})
    print("$", *(f"{name}={value}" for name, value in added.items()), "changen", shlex.join(words), flush=True)
    done = subprocess.run(
        [sys.executable, "-m", "changen_cli", *words],
        cwd=ROOT, env={**os.environ, **added}, stdout=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    if done.returncode not in codes:
        raise SystemExit(f"changen {shlex.join(words)} ended with {done.returncode}")
    return done.stdout


def children_seconds() -> float:
    """Returns the processor time of all processes that were started and have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


@contextmanager
def cost_noted(file: Path, clock: Callable[[], float] = children_seconds) -> Iterator[None]:
    """Adds a line with the processor seconds of what is done inside, also if it fails: what is resumed costs more.

    Args:
        file: Text file, a line for each time.
        clock: What counts them.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    before = clock()
    try:
        yield
    finally:
        with file.open("a", encoding="utf-8") as lines:
            lines.write(f"{clock() - before:.1f}\n")


def noted_seconds(file: Path) -> float:
    """Adds up what :func:`cost_noted` has noted."""
    return sum(map(float, file.read_text(encoding="utf-8").split()))


def drop_other_run(run: Path, cost: Path, key: Mapping[str, Any]) -> None:
    """Removes a training run and its cost if they are of something else than what is wanted now.

    A run that was stopped goes on, and one that is done is left alone; but its recipe names its series by their place,
    and other weights or options make other series there. So what a run depends on is kept beside it.

    Args:
        run: Its folder; the key is kept in ``<name>.json`` beside it.
        cost: Its file of processor seconds.
        key: What it depends on: JSON values.
    """
    record = run.parent / f"{run.name}.json"  # not with_suffix: names have dots
    if read_json(record) != json.loads(json.dumps(key)):
        shutil.rmtree(run, ignore_errors=True)
        cost.unlink(missing_ok=True)
        write_json(record, key)


def in_time(things: Iterable[T], minutes: float) -> Iterator[T]:
    """Yields things to do until so much time has passed, and says so if some are left."""
    end = time.monotonic() + 60 * minutes
    for one in things:
        if time.monotonic() > end:
            print("time is up; the same command goes on", flush=True)
            return
        yield one


def read_json(path: Path) -> dict[str, Any]:
    """Returns a JSON file's values; none where there is no file."""
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Writes a JSON file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
    temporary.replace(path)
