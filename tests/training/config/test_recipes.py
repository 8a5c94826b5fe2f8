from __future__ import annotations

from pathlib import Path

import pytest

from changen_cli.errors import PluginError, UsageError
from changen_cli.models.registry import find_models
from changen_cli.training.config.recipes import RECIPES, default_recipe, read_recipe, recipe_names


def test_every_model_has_a_recipe_of_its_own() -> None:
    assert recipe_names() == sorted(path.stem for path in RECIPES.iterdir())
    assert {default_recipe(model) for model in find_models()} <= set(recipe_names())
    with pytest.raises(PluginError, match="unknown model 'cyclegan'"):
        default_recipe("cyclegan")


def test_recipes_are_found_by_name_and_path(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("batch_size: 3\n")
    assert read_recipe(str(tmp_path / "mine.yaml")) == {"batch_size": 3}
    assert read_recipe("compact")["crops"] == {"size": 128}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("nothing", None, "no training recipe 'nothing'; shipped: ablation-no-destyle, .*compact, .*paper"),
        ("gone.yaml", None, "no training recipe"),
        ("bad.yaml", b"a: [1", "not a YAML file"),
        ("bad.yaml", b"\xff\xfe\x00", "not a YAML file"),
        ("list.yaml", b"- 1\n", "mapping"),
        ("empty.yaml", b"", "mapping"),
    ],
)
def test_recipes_that_are_none(
    name: str, content: bytes | None, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=message):
        read_recipe(name)
