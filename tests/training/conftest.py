"""One thread for every test of the package, and no time spent on pictures of curves that no test looks at."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from changen_cli.training.config.options import parse_config
from changen_cli.training.train import train
from tests.training.tiny import TINY


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


@pytest.fixture(scope="session")
def recipe(tiny_recipe: dict[str, Any]) -> Callable[..., dict[str, Any]]:
    """Makes the recipe of a model at its smallest; other values by name."""

    def make(model: str, **values: Any) -> dict[str, Any]:
        shared = {k: v for k, v in tiny_recipe.items() if k not in ("generator", "discriminator")}
        return shared | {"model": model} | TINY[model] | values

    return make


@pytest.fixture(scope="session")
def runs(
    tmp_path_factory: pytest.TempPathFactory, recipe: Callable[..., dict[str, Any]], one_thread: None
) -> Callable[[str], Path]:
    """Gives the folder of a run of two iterations of a model; each is trained once."""
    folder = tmp_path_factory.mktemp("models")

    def make(model: str) -> Path:
        train(parse_config(recipe(model)), folder / model)  # a finished run has nothing left to do
        return folder / model

    return make
