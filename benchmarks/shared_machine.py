"""What OMP_WAIT_POLICY=PASSIVE costs alone, and what it spares beside a busy process.

The same run of ``changen generate`` with the shipped generator, as a process of its own, with threads that wait
spinning (ACTIVE) and sleeping (PASSIVE, the command's own choice), alone and beside a process that keeps one core busy.
Times are of the whole command, its start included, the fastest of several, since whatever else runs only adds.
A machine that is not quiet gives no figure: the load before each part is printed, and a warning where it is above 0.3.

    python benchmarks/shared_machine.py
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scenes import make_scene

POLICIES = ("ACTIVE", "PASSIVE")
BUSY = "while True: pass"
QUIET = 0.3
"""Load of the last minute up to which a machine counts as quiet."""


@contextmanager
def beside(busy: int) -> Iterator[None]:
    """Keeps cores busy with processes of one thread."""
    processes = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(busy)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def time_command(words: list[str], policy: str) -> float:
    """Runs a command once; returns its seconds.

    Args:
        words: After ``changen``.
        policy: OMP_WAIT_POLICY.
    """
    begun = time.monotonic()
    command = [sys.executable, "-m", "changen_cli", *words]
    subprocess.run(command, env=os.environ | {"OMP_WAIT_POLICY": policy}, check=True)
    return time.monotonic() - begun


def measure(scene: Path, repeats: int, busy: int) -> dict[str, float]:
    """Times both policies by turns.

    Returns:
        The least seconds of each policy.
    """
    best = dict.fromkeys(POLICIES, float("inf"))
    with tempfile.TemporaryDirectory() as folder, beside(busy):
        words = ["generate", "-i", str(scene), "--quiet", "--workers", "0", "--device", "cpu"]
        for number in range(repeats):
            for policy in POLICIES:
                seconds = time_command([*words, "-o", f"{folder}/{policy}{number}"], policy)
                best[policy] = min(best[policy], seconds)
    return best


def main() -> None:
    """Measures both ways and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--size", type=int, default=1024, help="side of the scene, pixels")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--busy", type=int, default=1, help="busy processes beside the run")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scene = make_scene(Path(folder), given.size)
        print(f"{os.cpu_count()} cores; least seconds of {given.repeats}")
        print(f"{'':24}{'ACTIVE':>9}{'PASSIVE':>9}{'ratio':>8}")
        for busy, name in ((0, "alone"), (given.busy, f"beside {given.busy} busy")):
            load = os.getloadavg()[0]
            if busy == 0 and load > QUIET:
                print(f"the load is {load:.2f}: this machine is not quiet, and what follows is no figure")
            best = measure(scene, given.repeats, busy)
            active, passive = best["ACTIVE"], best["PASSIVE"]
            print(f"{name:24}{active:9.1f}{passive:9.1f}{passive / active:8.2f}")


if __name__ == "__main__":
    main()
