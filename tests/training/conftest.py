"""One thread for every test of the package, and no time spent on pictures of curves that no test looks at."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def _one_thread(one_thread: None) -> None:
    del one_thread


@pytest.fixture(autouse=True)
def _no_curves(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "curves" not in request.fixturenames:
        monkeypatch.setattr("changen_cli.training.run.folder.draw_curves", lambda folder: None)


@pytest.fixture
def curves() -> None:
    """For tests whose runs draw their curves."""


@pytest.fixture(scope="session")
def xbd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fake xBD tree: in train a scene without buildings, and two disasters in every split."""
    script = Path(__file__).parents[1] / "data" / "make_xbd.py"
    write: Callable[..., Path] = runpy.run_path(str(script))["write_xbd"]
    return write(tmp_path_factory.mktemp("xbd") / "xview2", 160, 1, 20)
