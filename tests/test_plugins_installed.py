"""docs/plugins.md, installed: one plugin of every kind, by somebody else, and how many files each of them takes."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from changen_cli import open_series
from changen_cli.cli.main import main
from changen_cli.errors import StoreError
from tests.documents import ROOT, read_blocks, write_distribution

PLUGINS = read_blocks(ROOT / "docs" / "plugins.md")


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_distribution(PLUGINS, tmp_path / "site")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    for name in [name for name in sys.modules if name.partition(".")[0] == "my_package"]:
        monkeypatch.delitem(sys.modules, name)


@pytest.fixture
def scene(tmp_path: Path, town: Callable[..., Path]) -> Path:
    return town(tmp_path / "in", size=(256, 256))


def run(*words: object) -> None:
    with pytest.raises(SystemExit) as done:
        main([str(word) for word in words])
    assert done.value.code == 0


@pytest.mark.parametrize(
    ("section", "files"),
    [
        ("An event", ["my_package/flood.py"]),
        ("A rule for places", ["my_package/south.py"]),
        ("A condition", ["my_package/stripes.py"]),
        ("A synthesizer", ["my_package/negative.py"]),
        ("A format", ["my_package/npz.py"]),
        ("A layout", ["my_package/columns.py"]),
        (
            "A model",
            [
                "my_package/sketch/__init__.py",
                "my_package/sketch/learner.py",
                "my_package/sketch/recipe.yaml",
                "my_package/sketching.py",
            ],
        ),
        ("A metric", ["my_package/brightness.py"]),
    ],
)
def test_an_addition_takes_the_files_that_the_architecture_promises(section: str, files: list[str]) -> None:
    assert [block.file for block in PLUGINS if block.section == section and block.file] == files


def test_an_event_is_listed_and_runs(scene: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("events", "list", "--json")
    listed = {event["name"]: event for event in json.loads(capsys.readouterr().out)}
    assert listed["flood"]["parameters"][0]["name"] == "share"
    words = ("--events", "flood", "--event-option", "flood.share=1", "--synthesizer", "copy", "--workers", 0, "-q")
    run("generate", "-i", scene, "-o", tmp_path / "out", *words)
    assert {change.event for sample in open_series(tmp_path / "out") for change in sample.changes} == {"flood"}


def test_a_rule_for_places_is_kept(scene: Path, tmp_path: Path) -> None:
    words = ("--events", "create", "--synthesizer", "copy", "--workers", 0, "--changes-per-step", "6", "-q")
    places = (
        "--event-option",
        "create.places=south(share=0.3)+density(reach=80)",
        "--event-option",
        "create.attempts=900",
    )
    run("generate", "-i", scene, "-o", tmp_path / "out", *words, *places)
    (sample,) = open_series(tmp_path / "out")
    assert sample.changes
    assert all(c.after is not None and c.after.polygon.bounds[1] >= 256 * 0.7 for c in sample.changes)


def test_a_condition_is_listed_and_applied(scene: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("conditions", "list", "--json")
    listed = {condition["name"]: condition for condition in json.loads(capsys.readouterr().out)}
    assert [parameter["name"] for parameter in listed["stripes"]["parameters"]] == ["strength", "depth"]
    words = ("--synthesizer", "copy", "--workers", 0, "-q")
    run("generate", "-i", scene, "-o", tmp_path / "plain", *words)
    striped = ("--conditions", "stripes=2", "--condition-option", "stripes.depth=0.1")
    run("generate", "-i", scene, "-o", tmp_path / "out", *striped, *words)
    (plain,), (sample,) = open_series(tmp_path / "plain"), open_series(tmp_path / "out")
    assert len(sample.conditions) == 2
    for image, other, record in zip(sample.image, plain.image, sample.conditions, strict=True):
        ((depth,), (phase,)) = (record["stripes"][name] for name in ("depth", "phase"))
        wanted = other / 255 + depth * np.sin(np.arange(256) * 0.9 + phase)
        np.testing.assert_allclose(image, np.clip(wanted, 0, 1) * 255, atol=0.51)


def test_a_synthesizer_runs(scene: Path, tmp_path: Path) -> None:
    run("generate", "-i", scene, "-o", tmp_path / "out", "--synthesizer", "negative", "--workers", 0, "-q")
    (sample,) = open_series(tmp_path / "out")
    np.testing.assert_array_equal(sample.image[1], 255 - sample.image[0])


def test_a_format_is_written_read_and_cleared(
    scene: Path, tmp_path: Path, tree: Callable[[Path], dict[str, bytes]]
) -> None:
    words = (
        "generate",
        "-i",
        scene,
        "--synthesizer",
        "negative",
        "--steps",
        2,
        "--tile-size",
        128,
        "--workers",
        0,
        "-q",
    )
    for name in ("npz", "zarr"):
        run(*words, "-o", tmp_path / name, "-f", name)
    data, same = open_series(tmp_path / "npz"), open_series(tmp_path / "zarr")
    assert (data.format, data.items, len(data), data.pair_count()) == ("npz", "series", 4, 8)
    assert sorted(path.stem for path in (tmp_path / "npz" / "npz").iterdir()) == [sample.id for sample in data]
    for sample, other in zip(data, same, strict=True):
        for array in ("image", "mask", "instance", "change", "valid"):
            np.testing.assert_array_equal(getattr(sample, array), getattr(other, array))
    for found, wanted in zip(data.read_pair(1), same.read_pair(1), strict=True):
        np.testing.assert_array_equal(found, wanted)

    whole = tree(tmp_path / "npz")
    (tmp_path / "npz" / ".changen" / "shards" / "000000.json").unlink()  # as if killed before it was recorded
    (tmp_path / "npz" / "manifest.json").unlink()
    run(*words, "-o", tmp_path / "npz", "-f", "npz")
    assert tree(tmp_path / "npz") == whole

    damaged = next((tmp_path / "npz" / "npz").iterdir())
    damaged.write_bytes(damaged.read_bytes()[:100])
    with pytest.raises(StoreError, match=r"cannot read .*\.npz.*--overwrite"):
        list(data)
    run(*words, "-o", tmp_path / "npz", "-f", "zarr", "--overwrite")
    assert tree(tmp_path / "npz") == tree(tmp_path / "zarr"), "nothing of the other format stays"


def test_a_layout_is_written(scene: Path, tmp_path: Path) -> None:
    run(
        "generate",
        "-i",
        scene,
        "-o",
        tmp_path / "out",
        "--synthesizer",
        "copy",
        "--tile-size",
        128,
        "--workers",
        0,
        "-q",
    )
    run("export", tmp_path / "out", "--layout", "columns", "--output", tmp_path / "columns", "-q")
    lines = (tmp_path / "columns" / "pairs.csv").read_text().splitlines()
    assert lines[0] == "file,split"
    assert len(lines) == 1 + open_series(tmp_path / "out").pair_count()
    for folder in ("before", "after", "change"):
        written = sorted(path.name for path in (tmp_path / "columns" / folder).iterdir())
        assert written == sorted(line.partition(",")[0] for line in lines[1:])


def test_a_model_is_trained_packed_and_used(scene: Path, tmp_path: Path) -> None:
    words = (
        "--iterations",
        2,
        "--batch-size",
        2,
        "--crop",
        64,
        "--validation-crops",
        4,
        "--segmenter",
        "",
        "--workers",
        0,
    )
    run("train", "--data", scene, "--model", "sketch", "--output", tmp_path / "run", *words)
    run("weights", "pack", tmp_path / "run", "--name", "mine", "--output", tmp_path)
    made = ("--synthesizer", "sketch", "--weights", tmp_path / "mine.safetensors", "--workers", 0, "-q")
    run("generate", "-i", scene, "-o", tmp_path / "out", *made)
    (sample,) = open_series(tmp_path / "out")
    changed = sample.change[0] > 0
    assert changed.any()
    before, after = sample.image
    np.testing.assert_array_equal(after[:, ~changed], before[:, ~changed])
    assert (after[:, changed] != before[:, changed]).any()


def test_a_metric_is_computed_and_shown(scene: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("generate", "-i", scene, "-o", tmp_path / "out", "--synthesizer", "negative", "--workers", 0, "-q")
    capsys.readouterr()
    measured = ("evaluate", "quality", tmp_path / "out", "--reference", scene)
    run(*measured, "--json", "-")
    (sample,) = open_series(tmp_path / "out")
    gain = float(sample.image[1].mean()) - float(sample.image[0].mean())
    assert json.loads(capsys.readouterr().out)["figures"]["brightness"]["gain"] == pytest.approx(gain)
    run(*measured, "--report", tmp_path / "page.html")
    assert "brightness" in capsys.readouterr().out
    assert "brightness" in (tmp_path / "page.html").read_text(encoding="utf-8")
