from __future__ import annotations

from pathlib import Path

import pytest

from changen_cli.reproduce.build import Builder
from changen_cli.reproduce.having import Having
from changen_cli.reproduce.plan import detectors, protocols, read_table, table_names
from changen_cli.reproduce.steps import Step, in_order
from changen_cli.training.config.detection import DetectionConfig
from changen_cli.training.config.parse import parse_run


@pytest.fixture
def builder(tmp_path: Path) -> Builder:
    return Builder(Having(tmp_path))


def row_step(builder: Builder, table: str, title: str, protocol: str) -> Step:
    (row,) = (row for row in read_table(table).rows if row.title == title)
    return builder.row(row, protocol)


def named(step: Step, beginning: str) -> Step:
    (found,) = (one for one in in_order([step]) if one.name.startswith(beginning))
    return found


@pytest.mark.parametrize("small", [False, True])
@pytest.mark.parametrize("name", table_names())
def test_every_recipe_of_every_table_can_be_parsed(name: str, small: bool, tmp_path: Path) -> None:
    table, builder = read_table(name), Builder(Having(tmp_path), small=small)
    steps = [builder.row(row, protocol) for row in table.rows if not row.absent for protocol in table.columns]
    for step in in_order(steps):
        if step.recipe is not None:
            config = parse_run(step.recipe, step.name)
            assert config.seed == 0


def test_a_row_of_table_5_is_a_chain(builder: Builder) -> None:
    last = row_step(builder, "table5", "Changen", "levir-5")
    assert [step.kind for step in in_order([last])] == [
        "runs",
        "weights",
        "series",
        "runs",
        "runs",
        "weights",
        "figures",
    ]
    generator, pretraining, tuning = (named(last, name) for name in ("generator-paper", "pretrain", "finetune"))
    assert generator.words[0] == "train"
    assert generator.recipe is not None
    assert generator.recipe["iterations"] == 100_000
    assert pretraining.recipe is not None
    assert (pretraining.recipe["iterations"], pretraining.recipe["batch_size"]) == (28_125, 64)
    assert tuning.recipe is not None
    assert (tuning.recipe["iterations"], tuning.recipe["fraction"], tuning.recipe["clip"]) == (5600, 0.05, 35.0)
    assert tuning.recipe["validate_every"] == 280  # 10 of 200 epochs
    assert tuning.recipe["init"] == "{pretrained}/last.ckpt"
    assert [word for word in last.words if word in ("--split", "test")] == ["--split", "test"]


def test_tables_share_what_they_have_in_common(builder: Builder, tmp_path: Path) -> None:
    first = row_step(builder, "table5", "Changen", "levir-100")
    other = row_step(Builder(Having(tmp_path)), "table6", "ours, R-18, Changen-90k", "levir-100")
    assert first.full_name == other.full_name


def test_s2looking_has_60000_iterations(builder: Builder) -> None:
    tuning = named(row_step(builder, "table7", "scratch", "s2looking-5"), "finetune")
    assert tuning.recipe is not None
    assert (tuning.recipe["iterations"], tuning.recipe["validate_every"]) == (60_000, 0)
    assert tuning.recipe["init"] == "none"


def test_zero_shot_is_on_all_splits(builder: Builder) -> None:
    last = row_step(builder, "table4", "Copy-Paste", "whu-all")
    assert "--split" not in last.words
    assert not any(step.name.startswith("finetune") for step in in_order([last]))


def test_variants_make_n_times_the_pairs(tmp_path: Path) -> None:
    last = row_step(Builder(Having(tmp_path), variants=10), "table5", "Changen", "levir-5")
    series, pretraining = named(last, "series"), named(last, "pretrain")
    assert series.words[series.words.index("--variants") + 1] == "10"
    assert pretraining.recipe is not None
    assert pretraining.recipe["iterations"] == 281_250


def test_segmentation_reads_single_dates(builder: Builder) -> None:
    last = row_step(builder, "table6", "+ segmentation, xView2 pre-disaster", "levir-100")
    recipe = named(last, "pretrain").recipe
    assert recipe is not None
    config = parse_run(recipe)
    assert isinstance(config, DetectionConfig)
    assert (config.task, config.change, config.layouts, config.batch_size) == ("segmentation", 0.0, 1.0, 32)
    tuning = named(last, "finetune").recipe
    assert tuning is not None
    assert tuning["detector"]["layouts"]


def test_quality_is_of_the_hold_split(builder: Builder) -> None:
    last = row_step(builder, "table3", "Masked transition layer", "quality")
    assert "{data}/hold" in named(last, "series").words
    assert any("weights-inception" in reason for reason in last.all_lacking())


def test_what_is_lacking_is_said(builder: Builder) -> None:
    lacking = row_step(builder, "table6", "+ self-supervised, SeCo-1M", "levir-100").all_lacking()
    assert [next(word for word in ("LEVIR", "torchgeo") if word in line) for line in lacking] == ["LEVIR", "torchgeo"]


def test_curves_are_of_what_figure_6_draws(builder: Builder) -> None:
    assert protocols()["levir-5"].curve == 10
    for title, validated in (("FC-Siam-Diff", 0), ("ours, MiT-B1, Changen-90k", 280)):
        tuning = named(row_step(builder, "table6", title, "levir-100"), "finetune")
        assert tuning.recipe is not None
        assert tuning.recipe["validate_every"] == validated
    assert not detectors()["fcsiam"].pretrain
