from __future__ import annotations

from pathlib import Path

from tests.commands import Changen


def test_the_recipe_of_an_output(changen: Changen, generate: Changen, scene: Path, out: Path, tmp_path: Path) -> None:
    assert generate("-i", scene, "-o", out, "-q", "--recipe", tmp_path / "with").code == 0
    done = changen("recipe", out, "-o", tmp_path / "recipe")
    assert done.code == 0, done.err
    assert done.out == f"{tmp_path / 'recipe'}\n"
    assert "recipe: 12/12 series" in done.err
    sizes = [path.stat().st_size for path in (tmp_path / "recipe").rglob("*")]
    assert sum(sizes) < sum(path.stat().st_size for path in out.rglob("*")) / 4
    assert (tmp_path / "with" / "recipe.json").read_bytes() == (tmp_path / "recipe" / "recipe.json").read_bytes()


def test_what_is_no_output(changen: Changen, tmp_path: Path) -> None:
    assert "was not written by changen" in changen("recipe", tmp_path, "-o", tmp_path / "r").error
