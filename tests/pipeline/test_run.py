from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from changen_cli import plugins
from changen_cli.errors import PluginError, SceneError
from changen_cli.pipeline.generate import generate
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.pipeline.run import choose_workers, resolve_run
from changen_cli.synthesis.base import SynthesizerSettings
from changen_cli.synthesis.copy import CopySynthesizer

Options = Callable[..., GenerateOptions]


def test_a_library_is_read_before_the_output_is_touched(options: Options, tmp_path: Path) -> None:
    with pytest.raises(SceneError, match="no such vector file"):
        resolve_run(options(library=str(tmp_path / "no.gpkg")))
    with pytest.raises(SceneError, match="no such vector file"):
        generate(options(library=str(tmp_path / "no.gpkg")))
    assert not (tmp_path / "out").exists()


def swap(monkeypatch: pytest.MonkeyPatch, factory: Callable[[SynthesizerSettings], object]) -> None:
    """Puts another synthesizer in the place of any."""
    load = plugins.load
    kind = plugins.SYNTHESIZERS
    monkeypatch.setattr(plugins, "load", lambda group, name: factory if group == kind else load(group, name))


def test_a_synthesizer_that_is_none_is_refused(options: Options, monkeypatch: pytest.MonkeyPatch) -> None:
    swap(monkeypatch, lambda settings: object())
    with pytest.raises(PluginError, match="'copy' has not the methods of one"):
        resolve_run(options())


def test_a_synthesizer_is_told_what_is_asked_of_it(options: Options, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[SynthesizerSettings] = []

    class Curious(CopySynthesizer):
        def __init__(self, settings: SynthesizerSettings) -> None:
            told.append(settings)
            super().__init__(settings)

    swap(monkeypatch, Curious)
    resolve_run(options(events="rotate,scale=2", device="cpu", precision="bf16", weights="w"))
    assert (told[0].device, told[0].precision, told[0].weights) == ("cpu", "bf16", "w")


@pytest.mark.parametrize(
    ("wanted", "cores", "device", "cpu_bound", "count"),
    [
        (3, 6, "cpu", False, 3),
        ("auto", 2, "cpu", False, 0),
        ("auto", 6, "cpu", False, 1),
        ("auto", 6, "cpu", True, 6),
        ("auto", 6, "cuda", False, 5),
    ],
)
def test_workers_fit_the_machine(wanted: str | int, cores: int, device: str, cpu_bound: bool, count: int) -> None:
    assert choose_workers(wanted, device, cores, cpu_bound=cpu_bound) == count
