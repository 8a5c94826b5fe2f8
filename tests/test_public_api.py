from __future__ import annotations

import subprocess
import sys

import pytest

import changen_cli


def test_importing_is_light() -> None:
    code = (
        "import sys, changen_cli\n"
        "heavy = ('torch', 'numpy', 'rasterio', 'shapely', 'zarr', 'typer')\n"
        "print([name for name in heavy if name in sys.modules])\n"
        "changen_cli.Event, changen_cli.open_series, changen_cli.ChangenError\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["[]", "False"]


@pytest.mark.parametrize(
    ("name", "home"),
    [
        ("ChangenError", "changen_cli.errors"),
        ("DetectOptions", "changen_cli.detection.options"),
        ("EvaluateOptions", "changen_cli.detection.options"),
        ("Event", "changen_cli.events.base"),
        ("ExportOptions", "changen_cli.export.options"),
        ("GenerateOptions", "changen_cli.pipeline.options"),
        ("Synthesizer", "changen_cli.synthesis.base"),
        ("detect", "changen_cli.detection.detect"),
        ("evaluate_detection", "changen_cli.detection.evaluate"),
        ("export_series", "changen_cli.export.export"),
        ("finalize", "changen_cli.pipeline.finalize"),
        ("generate", "changen_cli.pipeline.fleet.run"),
        ("load_generator", "changen_cli.weights.load"),
        ("open_pairs", "changen_cli.pairs.discover"),
        ("open_series", "changen_cli.store.series"),
        ("repair", "changen_cli.pipeline.repair"),
        ("replay", "changen_cli.pipeline.replay"),
        ("verify", "changen_cli.store.verify"),
        ("write_recipe", "changen_cli.pipeline.recipe"),
        ("plot", "changen_cli.reports.plot"),
        ("simulate", "changen_cli.arrays.simulate"),
        ("synthesize", "changen_cli.arrays.synthesize"),
    ],
)
def test_names_lead_home(name: str, home: str) -> None:
    value = getattr(changen_cli, name)
    assert value.__module__ == home
    assert value.__name__ == name
    assert name in changen_cli.__all__
    assert name in dir(changen_cli)
    assert getattr(changen_cli, name) is value


def test_all_is_complete() -> None:
    scope: dict[str, object] = {}
    exec("from changen_cli import *", scope)
    assert set(changen_cli.__all__) <= set(scope)


def test_version_is_the_distributions() -> None:
    from importlib.metadata import version

    assert changen_cli.__version__ == version("changen")


def test_unknown_names_are_refused() -> None:
    with pytest.raises(AttributeError, match="no attribute 'train'"):
        _ = changen_cli.train
