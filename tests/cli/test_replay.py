from __future__ import annotations

import json
from pathlib import Path

from tests.commands import Changen
from tests.outputs import Tree


def test_an_output_is_made_again(
    changen: Changen, generate: Changen, scene: Path, out: Path, tmp_path: Path, tree: Tree
) -> None:
    recipe, again = tmp_path / "recipe", tmp_path / "again"
    assert generate("-i", scene, "-o", out, "-q", "--recipe", recipe).code == 0
    words = [recipe, "-i", scene.parent, "-o", again, "--workers", 0]
    done = changen("replay", *words)
    assert done.code == 0, done.err
    assert done.out.startswith(f"{again}: the same, byte for byte: ")
    assert tree(again) == tree(out)
    told = json.loads(changen("replay", *words, "--json").out)
    assert (told["identical"], told["exit_code"], told["series"]) == (True, 0, 12)


def test_what_differs_is_told(
    changen: Changen, generate: Changen, scene: Path, out: Path, tmp_path: Path, untrained_weights: Path
) -> None:
    recipe, again = tmp_path / "recipe", tmp_path / "again"
    chosen = ["--synthesizer", "changen", "--weights", untrained_weights, "--device", "cpu"]
    assert generate("-i", scene, "-o", out, "-q", "--recipe", recipe, *chosen).code == 0
    words = [recipe, "-i", scene.parent, "-o", again, "--workers", 0, "--weights", untrained_weights]
    done = changen("replay", *words, "--precision", "bf16", "-q")
    assert done.code == 1, done.err
    lines = done.out.splitlines()
    assert "files are not what they were: .changen/files.json" in lines[0] or "files are not" in lines[0]
    assert lines[1] == "otherwise now: precision was fp32, is now bf16"
    assert lines[2] == "labels of 0 of 12 series differ"
    assert "of 24 images differ: root mean square " in lines[3]
    assert changen("replay", *words, "--precision", "bf16", "-q", "--tolerance", 255).code == 0


def test_what_is_no_recipe(changen: Changen, tmp_path: Path) -> None:
    assert "is no recipe of a series" in changen("replay", tmp_path, "-o", tmp_path / "o").error
