"""Peak memory for a large GeoTIFF over that for a small one; the goal is 1.2 at most.

The peak is the largest sum of the proportional set sizes of all processes of a run, looked at up to 20 times a second.

    python benchmarks/memory.py --small 4000 --large 20000
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from scenes import make_scene


def family(pid: int) -> list[int]:
    """Lists a process and all that descend from it."""
    try:
        children = [int(c) for t in Path(f"/proc/{pid}/task").iterdir() for c in (t / "children").read_text().split()]
    except OSError:
        return []
    return [pid, *(member for child in children for member in family(child))]


def proportional_set_size(pid: int) -> int:
    """Memory of a process in bytes, shared pages divided by how many share them."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


def peak(command: list[str]) -> tuple[int, float]:
    """Runs a command; returns its peak memory in bytes, and the seconds it took."""
    begun, largest = time.monotonic(), 0
    with subprocess.Popen(command) as process:
        while process.poll() is None:
            looked = time.process_time()
            largest = max(largest, sum(proportional_set_size(pid) for pid in family(process.pid)))
            time.sleep(max(0.05, 20 * (time.process_time() - looked)))  # looking must not cost what it looks at
        if process.returncode:
            sys.exit(f"{' '.join(command)} ended with exit code {process.returncode}")
    return largest, time.monotonic() - begun


def main() -> None:
    """Prints a line for each size, and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", type=int, default=4000, help="side of the small scene, pixels")
    parser.add_argument("--large", type=int, default=20000, help="side of the large scene, pixels")
    parser.add_argument("--synthesizer", default="copy")
    parser.add_argument("--workers", default=str(os.cpu_count() or 1))
    arguments = parser.parse_args()
    peaks = []
    with tempfile.TemporaryDirectory() as temporary:
        for side in (arguments.small, arguments.large):
            scene = make_scene(Path(temporary), side)
            output = f"{temporary}/out{side}"
            command = [
                sys.executable, "-m", "changen_cli", "generate", "--quiet", "--input", str(scene), "--output", output,
                "--synthesizer", arguments.synthesizer, "--workers", arguments.workers,
            ]  # fmt: skip
            bytes_, seconds = peak(command)
            peaks.append(bytes_)
            print(f"{side} x {side}: peak {bytes_ / 1e6:.0f} MB, {seconds:.0f} s", flush=True)
    print(f"ratio {peaks[1] / peaks[0]:.3f} (goal: at most 1.2); {arguments.workers} workers")


if __name__ == "__main__":
    main()
