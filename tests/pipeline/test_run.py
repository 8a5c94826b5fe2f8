from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from changen_cli import plugins
from changen_cli.errors import PluginError, SceneError, UsageError
from changen_cli.pipeline.generate import generate
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.pipeline.run import choose_workers, resolve_run
from changen_cli.synthesis.base import SynthesizerSettings
from changen_cli.synthesis.copy import CopySynthesizer
from changen_cli.synthesis.look_plan import DRIFT

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
    ("given", "flag"),
    [
        ({"drift": 0}, "--drift"),
        ({"drift": 0.5}, "--drift"),
        ({"new_looks": "mixed"}, "--new-looks"),
        ({"repaint": 0.5}, "--repaint"),
        ({"looks": "x"}, "--looks"),
    ],
)
def test_what_only_looks_have_is_refused_without(options: Options, given: dict[str, object], flag: str) -> None:
    with pytest.raises(UsageError, match=f"^{flag} is for weights with looks, which these are not; leave {flag} out"):
        resolve_run(options(**given))
    run = resolve_run(options())
    assert (run.drift, run.new_looks) == (0, "mixed")


def test_looks_are_resolved(options: Options, looks_weights: Path) -> None:
    chosen: dict[str, object] = {"synthesizer": "changen", "weights": str(looks_weights), "device": "cpu"}
    run = resolve_run(options(**chosen))
    assert (run.drift, run.new_looks) == (DRIFT, "mixed")
    assert (run.engine().drift, run.task().new_looks) == (DRIFT, "mixed")
    run = resolve_run(options(**chosen, drift=0.25, new_looks="drawn", repaint=0.75))
    assert (run.engine().drift, run.task().new_looks, run.task().repaint) == (0.25, "drawn", 0.75)
    with pytest.raises(UsageError, match=r"--repaint 0.5: with --background keep"):
        options(**chosen, background="keep", repaint=0.5)
    assert resolve_run(options(**chosen, drift=0)).engine().drift == 0


@pytest.mark.parametrize("given", [{}, {"drift": 0}])
def test_the_ground_that_is_kept_does_not_drift(
    options: Options, looks_weights: Path, given: dict[str, object]
) -> None:
    run = resolve_run(
        options(synthesizer="changen", weights=str(looks_weights), device="cpu", background="keep", **given)
    )
    assert (run.drift, run.engine().drift) == (0, 0)
    with pytest.raises(UsageError, match=r"^options: --drift 0\.5: with --background keep the ground stays"):
        options(background="keep", drift=0.5)


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
