from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from changen_cli import open_series
from tests.commands import Changen
from tests.outputs import Tree


@pytest.fixture
def scene(town: Callable[..., Path], tmp_path: Path) -> Path:
    return town(tmp_path / "in", size=(128, 256))


@pytest.fixture
def config(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "run.yaml"
        path.write_text(text)
        return path

    return write


def test_a_file_stands_for_options(
    generate: Changen, scene: Path, config: Callable[[str], Path], tmp_path: Path
) -> None:
    path = config(
        f"""
        input: [{scene}]
        output: {tmp_path / "out"}
        steps: 2
        events: create=2,remove=1   # weights
        changes_per_step: 1:5       # 65, if YAML had its way
        event-option: [create.turn=45, "create.attempts=20"]
        seed: 7
        overwrite: yes
        json: true
        weights:
        """
    )
    done = generate("--config", path)
    assert done.code == 0, done.err
    assert json.loads(done.out)["steps"] == 2
    said = open_series(tmp_path / "out").manifest["arguments"]
    assert said["inputs"] == [str(scene)]
    assert said["seed"] == 7
    assert said["schedule"]["changes_per_step"] == [1, 5]
    assert [(e["name"], e["weight"]) for e in said["schedule"]["events"]] == [("create", 2), ("remove", 1)]
    assert said["schedule"]["events"][0]["parameters"]["turn"] == 45


def test_it_gives_what_the_same_options_give(
    generate: Changen, scene: Path, config: Callable[[str], Path], tmp_path: Path, tree: Tree
) -> None:
    words = ["--steps", 2, "--gap", 3.5, "--variants", 2, "--split", "1,0,0", "--format", "geotiff", "--co", "ZLEVEL=1"]
    assert generate("-i", scene, "-o", tmp_path / "typed", *words).code == 0
    path = config("steps: 2\ngap: 3.5\nvariants: 2\nsplit: 1,0,0\nformat: geotiff\nco: ZLEVEL=1")
    assert generate("-i", scene, "-o", tmp_path / "read", "--config", path).code == 0
    assert tree(tmp_path / "typed") == tree(tmp_path / "read")


def test_what_is_typed_overrides_it(
    generate: Changen, scene: Path, config: Callable[[str], Path], tmp_path: Path
) -> None:
    path = config(f"input: nowhere\nsteps: 3\nseed: 5\noutput: {tmp_path / 'other'}\nquiet: true")
    assert generate("-i", scene, "--config", path, "--steps", 1, "-o", tmp_path / "out").code == 0
    said = open_series(tmp_path / "out").manifest["arguments"]
    assert (said["steps"], said["seed"]) == (1, 5)
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("stepz: 3", "unknown option 'stepz'; known: background, "),
        ("config: other.yaml", "unknown option 'config'"),
        ("steps: 3\nsteps 4", "not a readable YAML file"),
        ("- steps", "must be a mapping"),
        ("", "must be a mapping"),
        ("events: {create: 2}", "events takes one value, written as on the command line"),
        ("bands: [3, 2, 1]", "bands takes one value, written as on the command line"),
        ("input: {a: b}", "input takes a list of values"),
        ("steps: three", "Invalid value for '--steps'"),
        ("overwrite: perhaps", "Invalid value for '--overwrite'"),
        ("batch_size: many", "--batch-size many: must be auto or a whole number"),
        ("split: 0.5", "--split 0.5: must be three shares"),
    ],
)
def test_files_that_cannot_be_used(
    generate: Changen, scene: Path, config: Callable[[str], Path], text: str, expected: str
) -> None:
    done = generate("-i", scene, "--config", config(text))
    assert done.code == 2
    assert expected in done.error


def test_a_file_that_is_not_there(generate: Changen, scene: Path, tmp_path: Path) -> None:
    done = generate("-i", scene, "--config", tmp_path / "no.yaml")
    assert done.code == 2
    assert f"--config {tmp_path / 'no.yaml'}: not a readable YAML file: [Errno 2]" in done.error


@pytest.mark.parametrize("what", ["manifest", "output", "recipe"])
def test_an_output_stands_for_the_options_it_was_made_with(
    what: str, generate: Changen, changen: Changen, scene: Path, tmp_path: Path, tree: Tree
) -> None:
    first = tmp_path / "first"
    words = ["--steps", 2, "--gap", 3.5, "--events", "create=2,remove", "--event-option", "create.turn=45"]
    more = [
        "--split",
        "1,1,0",
        "--split-by",
        "area",
        "--conditions",
        "light,haze",
        "--mask-values",
        "binary",
        "--seed",
        9,
    ]
    assert generate("-i", scene, "-o", first, *words, *more, "-f", "geotiff", "--co", "ZLEVEL=1").code == 0
    place = {"manifest": first / "manifest.json", "output": first, "recipe": tmp_path / "recipe"}[what]
    if what == "recipe":
        assert changen("recipe", first, "-o", place).code == 0
    done = changen("generate", "--config", place, "-o", tmp_path / "again", "--workers", 0)
    assert done.code == 0, done.err
    assert tree(tmp_path / "again") == tree(first)
    if what == "manifest":
        assert changen("generate", "--config", place, "-o", tmp_path / "other", "--workers", 0, "--seed", 1).code == 0
        said = open_series(tmp_path / "other").manifest["arguments"]
        assert (said["seed"], said["steps"], said["conditions"][0]["name"]) == (1, 2, "light")


def test_what_is_no_manifest(changen: Changen, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "without a manifest.json" in changen("generate", "--config", tmp_path / "empty").error
    damaged = tmp_path / "manifest.json"
    damaged.write_text('{"arguments": {"schedule": 3}}')
    assert "does not say how its output was made" in changen("generate", "--config", damaged).error
    damaged.write_text("{")
    assert "cannot be read as a manifest" in changen("generate", "--config", damaged).error
    damaged.write_text('{"steps": 2}')
    assert "--input" in changen("generate", "--config", damaged).error, "JSON is YAML, and this is a file of options"
