"""Peak memory of a mosaic of a large GeoTIFF, and of verifying it, over those of a small one; the goal is 1.2 at most.

All scenes have as many footprints, since memory may follow their number; the peak is taken as in ``memory.py``. What
was made is then checked by ``changen verify``, which ends the benchmark if anything is wrong.

    python benchmarks/mosaic.py
    python benchmarks/mosaic.py --sides 4000 10000 30000 --folder /large/disk    # a quarter of an hour of one core
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from commands import children_seconds
from memory import peak
from scenes import make_scene

HOUSES_ACROSS = 100
"""Houses in a row of a scene, and rows of them."""


def measure(command: list[str]) -> tuple[int, str]:
    """Runs a command of changen; returns its peak memory in bytes, and what is said of it."""
    before = children_seconds()
    bytes_, seconds = peak([sys.executable, "-m", "changen_cli", *command])
    busy = children_seconds() - before
    return bytes_, f"peak {bytes_ / 1e6:.0f} MB, {busy:.0f} processor seconds, {seconds:.0f} by the clock"


def main() -> None:
    """Prints two lines for each size, and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sides", type=int, nargs="+", default=[4000, 10000], help="sides of the scenes, pixels")
    parser.add_argument("--synthesizer", default="copy")
    parser.add_argument("--steps", default="1")
    parser.add_argument("--changes", default="200", help="changes of a step")
    parser.add_argument("--folder", type=Path, help="where scenes and mosaics lie for a while; on the system's if not")
    arguments = parser.parse_args()
    made, verified = [], []
    for side in arguments.sides:
        with tempfile.TemporaryDirectory(dir=arguments.folder) as temporary:
            scene = make_scene(Path(temporary), side, spacing=side // HOUSES_ACROSS)
            output = Path(temporary) / "out"
            words = ["--synthesizer", arguments.synthesizer, "--steps", arguments.steps]
            words += ["--changes-per-step", arguments.changes, "--input", str(scene), "--output", str(output)]
            most, said = measure(["generate", "--quiet", "--mosaic", *words])
            made.append(most)
            packed = sum(path.stat().st_size for path in output.rglob("*") if path.is_file())
            print(f"{side} x {side}: {said}, {packed / 1e6:.0f} MB written", flush=True)
            most, said = measure(["verify", "--quiet", str(output)])
            verified.append(most)
            print(f"    verify: {said}", flush=True)
            shutil.rmtree(output)
    print(f"ratios {made[-1] / made[0]:.3f}, verify {verified[-1] / verified[0]:.3f} (goal: at most 1.2)")


if __name__ == "__main__":
    main()
