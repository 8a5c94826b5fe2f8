"""What tests of several rooms share; what belongs together is in a module of :mod:`tests.fixtures`."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("changen", deadline=None)  # a busy machine is slow, not wrong
settings.load_profile("changen")

pytest_plugins = [
    f"tests.fixtures.{name}" for name in ("metrics", "plugins", "remote", "store", "town", "training", "weights")
]

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def one_thread() -> Iterator[None]:
    """One thread for PyTorch: sums keep their order, and the machine has other work to do."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def tree() -> Callable[[Path], dict[str, bytes]]:
    """Reads everything in a folder: the bytes of each file, and the empty folders."""

    def read(root: Path) -> dict[str, bytes]:
        return {
            str(path.relative_to(root)): path.read_bytes() if path.is_file() else b"<folder>"
            for path in sorted(root.rglob("*"))
        }

    return read


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real imagery; skips where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"the real imagery is not here: no {SHARED_DATA}")
    return SHARED_DATA


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mounts small file systems in memory, where the user may."""
    mounted: list[Path] = []

    def make(options: str) -> Path:
        folder = tmp_path / f"disk{len(mounted)}"
        folder.mkdir()
        try:
            done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True)
        except OSError as error:
            pytest.skip(f"mount cannot be run here: {error}")
        if done.returncode:
            pytest.skip(f"this user may not mount a file system: {done.stderr.decode().strip()}")
        mounted.append(folder)
        return folder

    yield make
    for folder in mounted:
        subprocess.run(["umount", "-l", folder], check=True)
