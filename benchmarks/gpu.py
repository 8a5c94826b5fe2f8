"""Everything that must be run on a GPU, by one command: the tests for it, and every figure. Writes ``gpu.md``.

    python benchmarks/gpu.py                      # on a machine with a CUDA device
    python benchmarks/gpu.py --minutes 12         # begin no stage later than that; the same command goes on
    python benchmarks/gpu.py --device cpu --rehearse --runs /tmp/rehearsal --page /tmp/gpu.md

Each stage is a process of its own and leaves a JSON file below ``--runs`` when it is done, so a run that was cut off
goes on, and a stage that fails costs only itself. ``--rehearse`` does all of it with tiny sizes, on any device: its
page says so, and its figures are worth nothing.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from about import commit, describe_machine
from commands import ROOT, read_json, write_json
from gpu_page import write_page

HERE = Path(__file__).resolve().parent

TESTS, FORWARD, TRAINING, ROOFLINE, OVERHEAD, FEED = "tests", "forward", "training", "roofline", "overhead", "feed"
STAGES = (TESTS, FORWARD, TRAINING, ROOFLINE, OVERHEAD, FEED)

GENERATORS = ("compact", "paper", "paper-looks")
"""Recipes whose generators are run."""

LEARNERS = ("compact", "paper", "paper-looks")
"""Recipes whose steps are run."""


def run_networks(stage: str, device: str, *, rehearse: bool) -> dict[str, Any]:
    """Measures forward passes or training steps; in this process.

    Returns:
        For each recipe what :func:`gpu_networks.over_batches` gives; ``side``, pixels; ``device``, its name.
    """
    import gpu_networks as networks
    import torch

    from changen_cli.device import resolve_device, resolve_precision

    device = resolve_device(device)
    make = networks.forward_pass if stage == FORWARD else networks.training_step
    names = (GENERATORS if stage == FORWARD else LEARNERS)[: 1 if rehearse else None]
    side, batches, rounds = (64, [1, 2], 2) if rehearse else (256, [1, 4, 16, 64, 256], 9)
    found = {name: networks.over_batches(make, name, batches, side, device, rounds) for name in names}
    name = torch.cuda.get_device_name(device) if torch.device(device).type == "cuda" else "cpu"
    return {"side": side, "device": name, "precision": resolve_precision("auto", device), "recipes": found}


def command_of(stage: str, device: str, *, rehearse: bool) -> list[str]:
    """Returns the command of a stage that is a program of its own."""
    python = [sys.executable]
    if stage == TESTS:
        return [*python, "-m", "pytest", "-q", "-m", "gpu", "-p", "no:cacheprovider"]
    if stage == ROOFLINE:
        return [*python, str(HERE / "roofline.py"), "--recipe", "compact" if rehearse else "paper", "--gpus", "1"]
    if stage == OVERHEAD:
        sizes = ["--side", "512", "--steps", "1", "--rounds", "1"] if rehearse else ["--side", "8192", "--rounds", "3"]
        return [*python, str(HERE / "overhead.py"), "--device", device, *sizes]
    sizes = ["--side", "512", "--steps", "1", "--workers", "1"] if rehearse else ["--side", "8192"]
    return [*python, str(HERE / "feed_rate.py"), *sizes]


def run_command(command: list[str]) -> dict[str, Any]:
    """Runs a program; returns its exit code and the end of what it said."""
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    shown = [part if part != sys.executable else "python" for part in command]
    return {"command": " ".join(shown), "exit": done.returncode, "said": done.stdout.strip().splitlines()[-40:]}


def run_stage(stage: str, device: str, *, rehearse: bool) -> dict[str, Any]:
    """Runs a stage in a process of its own; what went wrong is part of the result."""
    if stage not in (FORWARD, TRAINING):
        return run_command(command_of(stage, device, rehearse=rehearse))
    words = [sys.executable, str(HERE / "gpu.py"), "--worker", stage, "--device", device]
    done = run_command(words + (["--rehearse"] if rehearse else []))
    if done["exit"]:
        return done
    return {**done, **json.loads(done["said"][-1]), "said": []}


def measure(
    runs: Path, stages: list[str], minutes: float, about: dict[str, Any], run: Callable[[str], dict[str, Any]]
) -> None:
    """Runs the stages that are not done, each saved when it ends.

    Args:
        runs: Folder of the results.
        stages: Which, in their order.
        minutes: No stage begins later than that.
        about: What all of them depend on: results of something else are made anew.
        run: Runs a stage.
    """
    begun = time.monotonic()
    for stage in stages:
        record = runs / f"{stage}.json"
        there = read_json(record)
        if there.get("about") == about and not there.get("exit"):
            continue
        if time.monotonic() - begun > 60 * minutes:
            print(f"time is up before {stage}; the same command goes on", flush=True)
            return
        print(f"{stage} ...", flush=True)
        found = run(stage)
        write_json(record, {"about": about, **found})
        print(f"{stage}: {'done' if not found['exit'] else 'failed: ' + ' '.join(found['said'][-1:])}", flush=True)


def main(words: list[str] | None = None) -> None:
    """Runs what is not done yet, and writes the page of all that is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "gpu", help="folder of the results")
    parser.add_argument("--page", type=Path, default=HERE / "gpu.md", help="what is written")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no stage later than that")
    parser.add_argument("--stage", action="append", choices=STAGES, help="repeatable; all if not given")
    parser.add_argument("--rehearse", action="store_true", help="tiny sizes, to see that all of it runs")
    parser.add_argument("--worker", choices=(FORWARD, TRAINING), help=argparse.SUPPRESS)
    given = parser.parse_args(words)
    if given.worker:
        print(json.dumps(run_networks(given.worker, given.device, rehearse=given.rehearse)))
        return
    if not given.rehearse:
        require_cuda(given.device)
    runs, page = given.runs.resolve(), given.page.resolve()
    about = {"commit": commit("gpu.py"), "device": given.device, "rehearsal": given.rehearse}
    measure(
        runs, given.stage or list(STAGES), given.minutes, about,
        lambda stage: run_stage(stage, given.device, rehearse=given.rehearse),
    )  # fmt: skip
    results = {stage: found for stage in STAGES if (found := read_json(runs / f"{stage}.json"))}
    if results:
        page.write_text(write_page(results, describe_machine()), encoding="utf-8")
        print(page)


def require_cuda(device: str) -> None:
    """Refuses a device that is no GPU: nothing that a CPU does may stand on the page as a GPU's.

    Raises:
        SystemExit: If there is none.
    """
    import torch

    if torch.device(device).type != "cuda" or not torch.cuda.is_available():
        raise SystemExit(f"gpu.py: --device {device}: no CUDA device is here; --rehearse shows that all of it runs")


if __name__ == "__main__":
    main()
