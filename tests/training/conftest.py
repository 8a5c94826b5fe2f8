"""One thread for every test of the package, and no time spent on pictures of curves that no test looks at."""

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
