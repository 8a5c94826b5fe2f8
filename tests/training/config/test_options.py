from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from changen_cli.errors import UsageError
from changen_cli.models.changen import GeneratorConfig
from changen_cli.training.config.options import RECIPES, DataConfig, TrainConfig, parse_config, read_recipe


@pytest.mark.parametrize("name", sorted(p.stem for p in RECIPES.glob("*.yaml")))
def test_every_shipped_recipe_is_valid_and_comes_back_from_yaml(name: str) -> None:
    config = parse_config(read_recipe(name) | {"data": "scenes"}, name)
    assert parse_config(yaml.safe_load(yaml.safe_dump(config.to_dict()))) == config


def test_the_paper_recipe_is_section_4_1() -> None:
    config = parse_config(read_recipe("paper"))
    assert config.generator == GeneratorConfig()
    assert (config.discriminator.width, config.batch_size, config.crops.size) == (1.0, 32, 256)
    assert (config.iterations, config.lr_generator, config.lr_discriminator) == (100_000, 1e-4, 4e-4)
    assert (config.betas, config.projected, config.ema, config.balance) == ((0.0, 0.999), 0.0, 0.9999, True)


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
        ({"data": {"path": "a", "gsd": 1}}, "data: unknown key 'gsd'"),
        ({"data": {"resolution": 1}}, "path"),
        ({"data": 5}, "data: must be a mapping"),
        ({"data": [5]}, "data: must be a mapping"),
        ({"data": {"path": 5}}, "path must be text"),
        ({"data": {"path": "a", "resolution": 0}}, "resolution must be above 0"),
        ({"data": {"path": "a", "share": -1}}, "share must not be negative"),
        ({"data": {"path": "a", "scale": [2, 1]}}, "lower <= upper"),
        ({"data": [{"path": "a", "share": 1}, "b"]}, "must all have a share, or none"),
        ({"generator": 5}, "generator: must be a mapping"),
        ({"generator": None}, "generator: must be a mapping"),
        ({"generator": {"classes": 3}}, "same classes"),
        ({"generator": {"width": 9}}, "width"),
        ({"iterations": 0}, "iterations"),
        ({"iterations": 10.5}, "iterations must be a whole number, not 10.5"),
        ({"iterations": True}, "iterations must be a whole number"),
        ({"batch_size": "8"}, "batch_size must be a whole number"),
        ({"crops": {"size": 100}}, "crops: size 100: must be a multiple of 64"),
        ({"crops": 5}, "crops: must be a mapping"),
        ({"lr_generator": "1e-4"}, r"lr_generator must be a number, not '1e-4' \(YAML wants a dot"),
        ({"lr_generator": float("nan")}, "lr_generator must be a number"),
        ({"lr_discriminator": 0}, "learning rates"),
        ({"betas": [0.0]}, "betas"),
        ({"betas": [0, 1]}, "betas"),
        ({"ema": 1}, "ema"),
        ({"balance": "yes please"}, "balance must be true or false"),
        ({"projected": -1}, "projected"),
        ({"precision": "fp16"}, "precision"),
        ({"save_every": 0}, "save_every"),
        ({"workers": -1}, "workers"),
        ({"seed": "a"}, "seed must be a whole number"),
    ],
    ids=str,
)
def test_what_cannot_be_used_is_refused_in_one_line(values: dict[Any, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        parse_config(values, "r.yaml")
    assert "\n" not in str(caught.value)


def test_yaml_that_reads_1e_4_as_text_is_met_in_practice() -> None:
    with pytest.raises(UsageError, match="YAML wants a dot"):
        parse_config(yaml.safe_load("lr_generator: 1e-4"))
    assert parse_config(yaml.safe_load("lr_generator: 1.0e-4")).lr_generator == 1e-4


def test_a_configuration_can_be_replaced_and_compared() -> None:
    config = TrainConfig(data=(DataConfig("a"),))
    assert replace(config, iterations=5) != config
    assert replace(config, iterations=config.iterations) == config
    assert hash(config.data[0]) == hash(DataConfig("a"))


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
