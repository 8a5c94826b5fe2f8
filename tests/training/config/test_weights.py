from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from changen_cli.errors import WeightsError
from changen_cli.training.config.options import parse_config
from changen_cli.training.config.weights import WITHOUT_RECIPE, complete, find_start, names_weights


@pytest.fixture
def weights(tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy that may be spoilt, and is found by its name."""
    for path in (tiny_weights, tiny_weights.with_suffix(".yaml")):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.setenv("CHANGEN_WEIGHTS", str(tmp_path))
    return tmp_path / tiny_weights.name


def edit(weights: Path, change: Callable[[dict[str, Any]], object]) -> None:
    card = weights.with_suffix(".yaml")
    values = yaml.safe_load(card.read_text())
    change(values)
    card.write_text(yaml.safe_dump(values))


def test_what_names_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "last").write_bytes(b"")
    (tmp_path / "compact").mkdir()
    for name in ("compact", "compact.v2", "a/b.safetensors", "b.safetensors"):
        assert names_weights(name), name
    others: tuple[object, ...] = ("", None, 3, "last", "last.ckpt", "runs/a/last.ckpt", "runs/compact")
    for other in others:
        assert not names_weights(other), other


@pytest.mark.parametrize("by", ["name", "path"])
def test_a_recipe_without_a_generator_is_the_one_in_the_card(
    by: str, weights: Path, tiny_recipe: dict[str, Any]
) -> None:
    init = "tiny" if by == "name" else str(weights)
    made = parse_config(complete({"init": init, "data": "scenes", "crops": {"windows": 3}}))
    packed = parse_config(tiny_recipe)
    assert (made.generator, made.discriminator, made.arguments) == (
        packed.generator,
        packed.discriminator,
        packed.arguments,
    )
    assert (made.crops.size, made.crops.windows) == (64, 3)
    assert made.batch_size == packed.batch_size
    # what belongs to a run is not the card's
    assert made.iterations == WITHOUT_RECIPE["iterations"]
    assert (made.seed, made.threads, made.precision) == (0, 0, "auto")
    assert [source.path for source in made.data] == ["scenes"]
    assert complete({"init": init, "iterations": 7})["iterations"] == 7


def test_other_recipes_stay_as_they_are() -> None:
    for recipe in ({}, {"init": ""}, {"init": "runs/a/last.ckpt"}, {"init": "none", "generator": {"width": 1}}):
        assert complete(recipe) == recipe


def test_weights_that_no_recipe_can_be_made_of(weights: Path) -> None:
    with pytest.raises(WeightsError, match="no weights named 'huge'"):
        complete({"init": "huge"})
    with pytest.raises(WeightsError, match="weights of 'changen', and the recipe trains 'oasis'"):
        complete({"init": "tiny", "model": "oasis"})
    edit(weights, lambda card: card["training"]["recipe"]["crops"].update(colour="red"))
    with pytest.raises(WeightsError, match=r"recipe in its card cannot be used .*colour.*--config or --preset"):
        complete({"init": "tiny"})
    edit(weights, lambda card: card.update(training={}))
    with pytest.raises(WeightsError, match="its card has no recipe; give one with --config or --preset"):
        complete({"init": "tiny"})
    edit(weights, lambda card: card.update(part="discriminators"))
    with pytest.raises(WeightsError, match="holds discriminators; give --init the weights of the network"):
        find_start("tiny")
