"""Peak memory of a mosaic of a large GeoTIFF over that of a small one; the goal is 1.2 at most.

Both have as many footprints, since memory may follow their number; the peak is taken as in ``memory.py``.

    python benchmarks/mosaic.py --small 4000 --large 10000
    python benchmarks/mosaic.py --small 10000 --large 30000
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from memory import peak
from scenes import make_scene

HOUSES_ACROSS = 100
"""Houses in a row of a scene, and rows of them."""


def main() -> None:
    """Prints a line for each size, and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", type=int, default=4000, help="side of the small scene, pixels")
    parser.add_argument("--large", type=int, default=10000, help="side of the large scene, pixels")
    parser.add_argument("--synthesizer", default="copy")
    parser.add_argument("--steps", default="1")
    parser.add_argument("--changes", default="200", help="changes of a step")
    parser.add_argument("--folder", type=Path, help="where scenes and mosaics lie for a while; on the system's if not")
    arguments = parser.parse_args()
    peaks = []
    with tempfile.TemporaryDirectory(dir=arguments.folder) as temporary:
        for side in (arguments.small, arguments.large):
            scene = make_scene(Path(temporary), side, spacing=side // HOUSES_ACROSS)
            output = Path(temporary) / f"out{side}"
            command = [
                sys.executable, "-m", "changen_cli", "generate", "--quiet", "--mosaic", "--input", str(scene),
                "--output", str(output), "--synthesizer", arguments.synthesizer, "--steps", arguments.steps,
                "--changes-per-step", arguments.changes,
            ]  # fmt: skip
            bytes_, seconds = peak(command)
            peaks.append(bytes_)
            packed = sum(path.stat().st_size for path in output.rglob("*") if path.is_file())
            print(
                f"{side} x {side}: peak {bytes_ / 1e6:.0f} MB, {seconds:.0f} s, {packed / 1e6:.0f} MB written",
                flush=True,
            )
            shutil.rmtree(output)
    print(f"ratio {peaks[1] / peaks[0]:.3f} (goal: at most 1.2)")


if __name__ == "__main__":
    main()
