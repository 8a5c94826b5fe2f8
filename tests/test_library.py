"""docs/library.md and the notebook work, as they stand, from the root of a clone."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import changen_cli
from tests.documents import ROOT, read_blocks

DOCUMENT = ROOT / "docs" / "library.md"


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one_thread: None) -> Path:
    """A folder that has ``examples/``, which the test runs in."""
    del one_thread
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_public_name_is_there() -> None:
    told = set(re.findall(r"`(\w+)`", DOCUMENT.read_text().split("## On arrays")[0]))
    assert set(changen_cli.__all__) - {"__version__", "DetectOptions", "EvaluateOptions"} <= told


@pytest.mark.slow
def test_the_code_runs(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("Agg")
    names: dict[str, object] = {}
    for block in read_blocks(DOCUMENT):
        if block.language == "python":
            exec(compile(block.text, str(DOCUMENT), "exec"), names)
    shown = capsys.readouterr().out
    assert "image: must be uint8, 0 to 255, not float64" in shown
    # what the comments promise
    for promised in re.findall(r"print\(\w+\)  # (<[^.\n]*?)(?:\.\.\.|\n)", DOCUMENT.read_text()):
        assert promised.strip() in shown
    assert (clone / "village.png").stat().st_size > 10_000


@pytest.mark.slow
def test_the_notebook_runs(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MPLBACKEND", raising=False)  # or the kernel would not draw inline
    notebook = nbformat.read(clone / "examples" / "library.ipynb", as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells), "shipped without outputs"
    made = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(clone / "examples")}}).execute()
    kinds = [set(output.get("data", ())) for cell in made.cells for output in cell.get("outputs", ())]
    assert sum("image/png" in kind for kind in kinds) == 2, "both figures are shown"
