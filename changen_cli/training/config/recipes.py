"""Recipes: YAML files of the arguments of a training run; some ship with changen."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml

from changen_cli.errors import UsageError
from changen_cli.models.registry import get_model
from changen_cli.texts import parse_yaml, read_text

RECIPES = Path(__file__).parents[1] / "recipes"
"""Folder of the recipes that ship with changen."""


def recipe_names() -> list[str]:
    """Lists the recipes that ship with changen."""
    return sorted(path.stem for path in RECIPES.glob("*.yaml"))


def default_recipe(model: str, *, finetune: bool = False) -> str:
    """Names the recipe that trains a model where none is given: a name of :func:`recipe_names`, or a path.

    Args:
        model: Name of a model.
        finetune: Whether it is for fine-tuning a detector.

    Raises:
        PluginError: If there is no such model.
        UsageError: If it comes with no recipe.
    """
    record = get_model(model)
    recipe = record.finetune if finetune else record.recipe
    if not recipe:
        raise UsageError(f"--model {model}: comes with no recipe of its own; give one with --config or --preset")
    return recipe


def read_recipe(name_or_path: str) -> dict[str, object]:
    """Reads a recipe: a YAML file, or one of the presets that ship with changen.

    Args:
        name_or_path: "paper", "compact", another file's name in :data:`RECIPES`, or a path.

    Returns:
        Its values, not yet validated, so that the command line can override them.

    Raises:
        UsageError: If there is no such recipe, or it is not a YAML mapping.
    """
    path = Path(name_or_path)
    if not path.suffix:
        path = RECIPES / f"{name_or_path}.yaml"
    if not path.is_file():
        known = ", ".join(recipe_names())
        raise UsageError(f"no training recipe {name_or_path!r}; shipped: {known}; or give the path of a .yaml file")
    try:
        values = parse_yaml(read_text(path))
    except OSError as error:
        raise UsageError(f"{path}: the recipe cannot be read ({error.strerror or error})") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not a YAML file: {str(error).splitlines()[0]}") from error
    if not isinstance(values, dict):
        raise UsageError(f"{path}: a recipe is a mapping of argument to value")
    return values


def override(recipe: Mapping[str, object], given: Mapping[str, object]) -> dict[str, object]:
    """Gives values of a recipe others.

    Args:
        recipe: From :func:`read_recipe`.
        given: Values that come before the recipe's; a mapping (the group ``crops``) overrides those in it alone.

    Returns:
        What :func:`~changen_cli.training.config.options.parse_config` takes.
    """
    values = dict(recipe)
    for name, value in given.items():
        old = values.get(name)
        values[name] = {**old, **value} if isinstance(value, Mapping) and isinstance(old, Mapping) else value
    return values
