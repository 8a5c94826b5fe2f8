from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml

from changen_cli.errors import UsageError
from changen_cli.models.changen import GeneratorConfig
from changen_cli.training.config.options import TrainConfig, parse_config
from changen_cli.training.config.parse import parse_run
from changen_cli.training.config.recipes import RECIPES, read_recipe
from changen_cli.training.config.source import DataConfig


@pytest.mark.parametrize("name", sorted(p.stem for p in RECIPES.glob("*.yaml")))
def test_every_shipped_recipe_is_valid_and_comes_back_from_yaml(name: str) -> None:
    config = parse_run(read_recipe(name) | {"data": "scenes"}, name)
    assert parse_run(yaml.safe_load(yaml.safe_dump(config.to_dict()))) == config


def test_the_paper_recipe_is_section_4_1() -> None:
    config = parse_config(read_recipe("paper"))
    assert config.generator == GeneratorConfig()
    assert (config.discriminator.width, config.batch_size, config.crops.size) == (1.0, 32, 256)
    assert (config.iterations, config.lr_generator, config.lr_discriminator) == (100_000, 1e-4, 4e-4)
    assert (config.betas, config.arguments.projected, config.ema, config.balance) == ((0.0, 0.999), 0.0, 0.9999, True)


def test_data_may_be_a_path_a_mapping_or_a_list() -> None:
    full = DataConfig("a", resolution=0.3, val=("x_*",), scale=(0.5, 1.0))
    assert parse_config({"data": "a"}).data == (DataConfig("a"),)
    assert parse_config({"data": {"path": "a", "resolution": 0.3, "val": "x_*", "scale": [0.5, 1]}}).data == (full,)
    assert parse_config({"data": ["b", {"path": "a"}]}).data == (DataConfig("b"), DataConfig("a"))
    assert parse_config({"data": None}).data == parse_config({}).data == ()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"lr": 1}, "unknown key 'lr'; known: .*lr_generator"),
        ({7: 1}, "unknown key '7'"),
        ({"generator": {"widht": 1}}, "generator: unknown key 'widht'"),
        ({"discriminator": {"hidden": 1}}, "discriminator: unknown key 'hidden'"),
        ({"data": {"path": "a", "gsd": 1}}, "data\\[0\\].gsd: is not known"),
        ({"data": {"resolution": 1}}, "path"),
        ({"data": 5}, r"data\[0\] 5: must be a mapping"),
        ({"data": [5]}, r"data\[0\] 5: must be a mapping"),
        ({"data": {"path": 5}}, "path 5: must be text"),
        ({"data": {"path": "a", "resolution": 0}}, "resolution 0: must be a number from 0.001"),
        ({"data": {"path": "a", "share": -1}}, "share -1: must be a number of at least 0"),
        ({"data": {"path": "a", "scale": [2, 1]}}, "lower <= upper"),
        ({"data": [{"path": "a", "share": 1}, "b"]}, "must all have a share, or none"),
        ({"generator": 5}, "generator: must be a mapping"),
        ({"generator": {"classes": 3}}, "same classes"),
        ({"generator": {"width": 9}}, "width"),
        ({"iterations": 0}, "iterations"),
        ({"iterations": 10.5}, "iterations 10.5: must be a whole number"),
        ({"iterations": True}, "iterations True: must be a whole number"),
        ({"batch_size": "eight"}, "batch_size eight: must be a whole number"),
        ({"crops": {"size": 100}}, "crops.size 100: must be a multiple of 64"),
        ({"crops": 5}, "crops 5: must be a mapping"),
        ({"lr_generator": "fast"}, "lr_generator fast: must be a number above 0"),
        ({"lr_generator": float("nan")}, "lr_generator nan: must be a number above 0"),
        ({"lr_discriminator": 0}, "lr_discriminator 0: must be a number above 0"),
        ({"betas": [0.0]}, "betas"),
        ({"betas": [0, 1]}, "betas"),
        ({"ema": 1}, "ema"),
        ({"balance": "yes please"}, "balance yes please: must be yes or no"),
        ({"projected": -1}, "projected"),
        ({"precision": "fp16"}, "precision"),
        ({"save_every": 0}, "save_every"),
        ({"workers": -1}, "workers"),
        ({"seed": "a"}, "seed a: must be a whole number"),
    ],
    ids=str,
)
def test_what_cannot_be_used_is_refused_in_one_line(values: dict[Any, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        parse_config(values, "r.yaml")
    assert "\n" not in str(caught.value)


def test_a_group_with_nothing_in_it_has_its_defaults() -> None:
    assert parse_config(yaml.safe_load("crops:\nseed: 1")) == parse_config({"seed": 1})


def test_numbers_that_yaml_reads_as_text_are_numbers() -> None:
    assert parse_config(yaml.safe_load("lr_generator: 1e-4")).lr_generator == 1e-4


def test_arguments_of_a_model_stand_among_the_others() -> None:
    config = parse_config({"projected": 0.5})
    assert config.arguments.projected == 0.5
    assert config.to_dict()["projected"] == 0.5
    with pytest.raises(UsageError, match="labelmix is for model 'oasis' alone, not for 'changen'"):
        parse_config({"labelmix": 1.0})
    with pytest.raises(UsageError, match="no model 'cyclegan'; choose changen, "):
        parse_config({"model": "cyclegan"})
    with pytest.raises(UsageError, match="discriminator must be left out for model 'segmenter'"):
        parse_config({"model": "segmenter", "discriminator": {}})


def test_a_configuration_can_be_replaced_and_compared() -> None:
    config = TrainConfig(data=(DataConfig("a"),))
    assert replace(config, iterations=5) != config
    assert replace(config, iterations=config.iterations) == config
    assert hash(config.data[0]) == hash(DataConfig("a"))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"model": "cyclegan"}, "no model 'cyclegan'; choose changen, deepfill, oasis, segmenter, spade"),
        ({"model": "segmenter", "discriminator": {"width": 1}}, "discriminator must be left out for model 'segmenter'"),
        ({"model": "segmenter", "projected": 0.5}, "projected is for model 'changen' alone, not for 'segmenter'"),
        ({"labelmix": 10.0}, "labelmix is for model 'oasis' alone, not for 'changen'"),
        ({"model": "deepfill", "generator": {"noise_dim": 4}}, "generator: unknown key 'noise_dim'; known: width"),
        ({"model": "spade", "generator": {"classes": 3}}, "same classes"),
        ({"model": "oasis", "labelmix": -1.0}, "labelmix -1.0: must be a number of at least 0"),
        ({"model": "segmenter", "jitter": 1.5}, "jitter"),
    ],
    ids=str,
)
def test_recipes_that_do_not_fit_their_model(values: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        parse_config(values, "r.yaml")
    assert "\n" not in str(caught.value)
