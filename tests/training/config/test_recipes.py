from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from changen_cli.errors import PluginError, UsageError
from changen_cli.models.registry import find_models
from changen_cli.training.config.options import parse_config
from changen_cli.training.config.parse import parse_run
from changen_cli.training.config.recipes import RECIPES, default_recipe, override, read_recipe, recipe_names
from changen_cli.training.data.batch import TrainingBatch
from changen_cli.training.data.loader import share_of


def test_every_model_has_a_recipe_of_its_own() -> None:
    assert recipe_names() == sorted(path.stem for path in RECIPES.iterdir())
    for model in find_models():
        assert default_recipe(model) in recipe_names()
        assert parse_run(read_recipe(default_recipe(model))).model == model
    for model, record in find_models().items():
        if record.finetune:
            config = parse_run({"init": "imagenet", **read_recipe(default_recipe(model, finetune=True))})
            assert (config.model, config.verbs) == (model, "changen pretrain and finetune")
    with pytest.raises(PluginError, match="unknown model 'cyclegan'"):
        default_recipe("cyclegan")


def test_recipes_are_found_by_name_and_path(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("batch_size: 3\n")
    assert read_recipe(str(tmp_path / "mine.yaml")) == {"batch_size": 3}
    assert read_recipe("compact-paper")["crops"] == {"size": 128}


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


@pytest.mark.parametrize(("name", "switches"), [("destyle", (False, True)), ("masking", (False, False))])
@pytest.mark.parametrize(("of", "ablations"), [("compact-paper", "ablation"), ("paper", "paper")])
def test_an_ablation_is_its_recipe_but_for_the_switches(
    name: str, switches: tuple[bool, bool], of: str, ablations: str
) -> None:
    ablation, whole = (parse_config(read_recipe(r)) for r in (f"{ablations}-no-{name}", of))
    assert (ablation.generator.destyle, ablation.generator.masking) == switches
    assert replace(ablation, generator=replace(ablation.generator, destyle=True, masking=True)) == whole


@pytest.mark.parametrize("name", ["oasis", "spade", "deepfill"])
def test_what_is_compared_trains_as_long_and_on_as_much_as_the_paper(name: str) -> None:
    compared, paper = (parse_config(read_recipe(r)) for r in (f"paper-{name}", "paper"))
    # section 4.1: all generative models have the same settings, Adam's beta1 = 0 and both rates among them
    assert (paper.betas, paper.lr_generator, paper.lr_discriminator) == ((0.0, 0.999), 1e-4, 4e-4)
    for field in ("iterations", "batch_size", "micro_batch", "ema", "betas", "lr_generator", "lr_discriminator"):
        assert getattr(compared, field) == getattr(paper, field), field
    assert (compared.crops.size, compared.crops.scale) == (paper.crops.size, paper.crops.scale)


def test_the_paper_recipe_keeps_its_batch_on_any_number_of_gpus() -> None:
    """32 samples an update: 4 at a time on each of 8 GPUs, 8 times 4 on one."""
    config = parse_config(read_recipe("paper"))
    assert (config.batch_size, config.iterations) == (32, 100_000)
    masks = torch.zeros(32, 2, 2)
    whole = TrainingBatch(masks[:, None], masks, masks, torch.zeros(32, 1), masks, masks[:, None])
    for processes in (8, 4, 2, 1):
        share = whole.parts(32 // processes)[0]
        sizes = [len(part) for part in share.parts(config.micro_batch)]
        assert sizes == [4] * (8 // processes)
        assert len(share_of(32, 0, processes)) == sum(sizes)


def test_given_values_come_before_those_of_the_recipe_one_by_one() -> None:
    recipe = {"seed": 1, "crops": {"size": 64, "gap": 2.0}, "data": "a"}
    assert override(recipe, {"seed": 2, "crops": {"size": 128}}) == {
        "seed": 2,
        "crops": {"size": 128, "gap": 2.0},
        "data": "a",
    }
    assert recipe["seed"] == 1
    assert override({}, {"crops": {"size": 128}}) == {"crops": {"size": 128}}
    assert override({"crops": 5}, {}) == {"crops": 5}
