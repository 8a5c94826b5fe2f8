"""Two versions of changen on the same scene: how fast everything but the generator is, and whether they write the same.

Each version is a Python that has it installed. They take turns, so that other load on the machine meets both; the
processor time of a small scene is taken off that of a large one, so that the start of Python counts for nothing.

    python benchmarks/compare.py --old /venvs/main/bin/python --new /venvs/branch/bin/python
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from commands import ONE_THREAD, children_seconds
from scenes import make_scene

TILE = 256
SMALL = 2 * TILE


def run(python: str, scene: Path, form: str, steps: int, output: Path) -> float:
    """Generates with one of the versions, away from any clone; returns its processor seconds."""
    shutil.rmtree(output, ignore_errors=True)
    words = ["generate", "--input", str(scene), "--output", str(output), "--format", form, "--steps", str(steps)]
    words += ["--tile-size", str(TILE), "--synthesizer", "copy", "--workers", "0", "--device", "cpu", "--quiet"]
    before = children_seconds()
    subprocess.run(
        [python, "-m", "changen_cli", *words], check=True, cwd=output.parent, env={**os.environ, **ONE_THREAD}
    )
    return children_seconds() - before


def digests(output: Path) -> dict[str, str]:
    """Returns the SHA-256 of what was written, by name; what tells of the run itself is left out."""
    names = (path for path in output.rglob("*") if path.is_file() and path.name not in ("manifest.json", "files.json"))
    found = {path.relative_to(output).as_posix(): path for path in names}
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for name, path in sorted(found.items())
        if not name.startswith(".changen/")
    }


def main() -> None:
    """Prints a line for each format."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--old", required=True, help="Python of the one version")
    parser.add_argument("--new", required=True, help="Python of the other")
    parser.add_argument("--side", type=int, default=4096, help="of the scene, pixels")
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3, help="the least time of so many counts")
    parser.add_argument("--formats", default="zarr,geotiff,levir")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        scenes = []
        for side in (SMALL, arguments.side):
            (folder / str(side)).mkdir()
            scenes.append(make_scene(folder / str(side), side))
        more = ((arguments.side // TILE) ** 2 - (SMALL // TILE) ** 2) * arguments.steps
        for form in arguments.formats.split(","):
            taken: dict[str, list[list[float]]] = {"old": [], "new": []}
            for _ in range(arguments.rounds):
                for which, costs in taken.items():
                    python = getattr(arguments, which)
                    costs.append([run(python, scene, form, arguments.steps, folder / which) for scene in scenes])
            rates = {
                which: more / (min(large for _, large in costs) - min(small for small, _ in costs))
                for which, costs in taken.items()
            }
            old, new = digests(folder / "old"), digests(folder / "new")
            differ = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
            same = (
                f"all {len(new)} files are the same" if not differ else f"{len(differ)} files differ: {differ[0]} ..."
            )
            print(
                f"{form}: {rates['old']:.0f} and {rates['new']:.0f} tile-steps a processor second, "
                f"ratio {rates['new'] / rates['old']:.2f}; {same}",
                flush=True,
            )


if __name__ == "__main__":
    main()
