"""The recipe of a training that starts from weights: what it does not say, their card does."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from changen_cli.errors import UsageError, WeightsError
from changen_cli.training.config.options import parse_config
from changen_cli.training.config.recipes import override
from changen_cli.training.config.run import argument_names
from changen_cli.weights.card import Card, find_weights

FROM_CARD = (
    "generator", "discriminator", "batch_size", "crops", "lr_generator", "lr_discriminator", "betas", "ema", "balance",
)  # fmt: skip
"""What of the recipe in a card is taken, beside the arguments of the model alone: networks, crops, losses and rates."""

WITHOUT_RECIPE: dict[str, object] = {"iterations": 1000, "sample_every": 250, "save_every": 100, "validate_every": 250}
"""What a run that starts from weights does where nobody says how long: fine-tuning takes less than the training did."""


def names_weights(init: object) -> bool:
    """Says whether a recipe's ``init`` names weights: a safetensors file, or a name; all else is a checkpoint.

    Args:
        init: The value; anything but a text that is not empty names none.
    """
    if not isinstance(init, str) or not init:
        return False
    path = Path(init)
    return path.suffix == ".safetensors" or (path.parent == Path() and path.suffix != ".ckpt" and not path.is_file())


def find_start(init: str, model: str = "") -> tuple[Path, Card]:
    """Finds the weights that a training starts from.

    Args:
        init: Name or path of weights.
        model: What is trained; empty takes whatever they are of.

    Returns:
        Path of the safetensors file, and its card.

    Raises:
        WeightsError: If there are no such weights, they are discriminators, or of another model.
    """
    path, card = find_weights(init)
    if card.part != "network":
        raise WeightsError(f"{path}: holds {card.part}; give --init the weights of the network, they come along")
    if model and card.architecture != model:
        raise WeightsError(
            f"{path}: weights of {card.architecture!r}, and the recipe trains {model!r}; start from weights of "
            f"{model!r}, or train with --model {card.architecture}"
        )
    return path, card


def complete(values: Mapping[str, object]) -> dict[str, object]:
    """Completes a recipe that starts from weights and has no ``generator`` by the recipe in their card.

    Networks, crops, losses and rates are the card's where the recipe has none; data, seed and whatever belongs to a run
    are not.

    Args:
        values: A recipe as :func:`~changen_cli.training.config.options.parse_config` takes it.

    Returns:
        The whole recipe; the same one if it starts from no weights, or has a generator.

    Raises:
        WeightsError: If there are no such weights, they are of another model, or their card has no recipe that this
            changen can use.
    """
    init = values.get("init")
    if not names_weights(init) or "generator" in values:
        return dict(values)
    path, card = find_start(str(init), str(values.get("model", "")))
    recipe = card.training.get("recipe")
    if not isinstance(recipe, Mapping):
        raise WeightsError(f"{path}: its card has no recipe; give one with --config or --preset")
    names = {*FROM_CARD, *argument_names(card.architecture)}
    # a group of nothing, as of a model without discriminator, is none
    kept = {name: value for name, value in recipe.items() if name in names and value is not None}
    found = {"model": card.architecture, **kept, "generator": card.arguments}
    try:
        parse_config(found)
    except UsageError as error:
        raise WeightsError(
            f"{path}: the recipe in its card cannot be used ({error}); give one with --config or --preset"
        ) from error
    return override({**WITHOUT_RECIPE, **found}, values)
