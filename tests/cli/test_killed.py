"""Killed at any moment: what is run again is, to the byte, what it would have been undisturbed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from changen_cli.errors import StoreError
from changen_cli.pipeline.generate import generate
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.reporter import Progress
from tests.outputs import Tree
from tests.reporting import Heard

MOMENTS = int(os.environ.get("CHANGEN_KILLS", "50"))
"""For each format and number of workers."""


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory, where there is one."""
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shared if os.access(shared, os.W_OK) else tmp_path) as folder:
        yield Path(folder)


@pytest.mark.skipif(sys.platform != "linux", reason="runs are forked, and their orphans adopted, as Linux does")
@pytest.mark.parametrize("format", ["zarr", "geotiff", "levir"])
def test_killed_at_random_moments(memory: Path, town: Callable[..., Path], format: str) -> None:
    scene = town(memory / "in", size=(64, 96))
    nursery = Path(__file__).parents[1] / "hostile" / "nursery.py"
    command = [sys.executable, str(nursery), str(scene), str(memory), format, str(MOMENTS)]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    for workers, found in enumerate(json.loads(done.stdout.splitlines()[-1])):
        assert found["wrong"] == []
        ends = {name: found[name] for name in ("killed", "finished", "refused", "stopped")}
        print(f"{format}, workers {workers}: {ends}, {found['cpu']:.1f} s of processor time")
        assert sum(ends.values()) == MOMENTS + 9
        # some runs end before their moment: how long they take is known only roughly
        assert found["killed"] + found["refused"] >= 0.5 * MOMENTS
        assert found["stopped"] >= 2
        assert (found["refused"] > 0) == (workers > 0)


@pytest.mark.parametrize("format", ["zarr", "geotiff", "levir"])
def test_an_output_whose_disk_goes_away(
    memory: Path, town: Callable[..., Path], tree: Tree, mount: Callable[[str], Path], format: str
) -> None:
    """Unmounted in the middle, with the empty folder below in its place: an error, and nothing that looks finished."""
    scene, disk = town(memory / "in", size=(64, 96)), mount("size=20m")

    def options(output: Path) -> GenerateOptions:
        return GenerateOptions(
            inputs=(str(scene),), output=str(output), synthesizer="copy", tile_size=32, shard_samples=1, workers=0,
            format=format,
        )  # fmt: skip

    image = memory / "disk.tar"

    def unplug(progress: Progress) -> None:
        if progress.done == 2 and not image.exists():
            subprocess.run(["tar", "-C", disk, "-cf", image, "."], check=True)
            subprocess.run(["umount", "-l", disk], check=True)

    with pytest.raises(StoreError):
        generate(options(disk / "out"), Heard(unplug), report_every=0)
    assert not (disk / "out" / "manifest.json").exists()
    subprocess.run(["rm", "-rf", disk / "out"], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", disk], check=True)
    subprocess.run(["tar", "-C", disk, "-xf", image], check=True)
    assert generate(options(disk / "out")).resumed >= 1
    generate(options(memory / "whole"))
    assert tree(disk / "out") == tree(memory / "whole")
