from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from changen_cli.errors import TrainingError
from changen_cli.training.config.detection import DetectionConfig
from changen_cli.training.config.options import TrainConfig, parse_config
from changen_cli.training.data.samplers import Samplers, make_samplers
from changen_cli.training.learners.base import AnyLearner
from changen_cli.training.learners.make import make_learner
from changen_cli.training.run.checkpoint import LAST, read_checkpoint
from changen_cli.training.run.folder import RunFolder, find_state, free_arguments
from changen_cli.training.run.log import read_log


@pytest.fixture
def config(tiny_recipe: dict[str, Any]) -> TrainConfig:
    return parse_config(tiny_recipe)


@pytest.fixture
def samplers(config: TrainConfig) -> Samplers:
    return make_samplers(config)


@pytest.fixture
def learner(config: TrainConfig) -> AnyLearner:
    return make_learner(config, "cpu", torch.float32)


def open_folder(
    path: Path, config: TrainConfig, samplers: Samplers, done: int = 0, said: list[str] | None = None
) -> RunFolder:
    lines: list[str] = [] if said is None else said
    draw = make_learner(config, "cpu", torch.float32).sheet(samplers.shown, 8)
    return RunFolder(path, config, done, ("g", "d"), draw, lines.append)


def test_what_is_written_where(config: TrainConfig, samplers: Samplers, learner: AnyLearner, tmp_path: Path) -> None:
    with open_folder(tmp_path / "run", config, samplers) as folder:
        folder.log(1, 2.5, {"g": 1.0, "d": 0.5})
        folder.show(1)
        folder.save(1, learner)
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert names == {"config.yaml", "last.ckpt", "losses.csv", "sheets", "tensorboard"}
    assert parse_config(yaml.safe_load((tmp_path / "run" / "config.yaml").read_text())) == config
    columns, (row,) = read_log(tmp_path / "run" / "losses.csv")
    assert columns == ("seconds", "images_per_second", "g", "d")
    assert (row.iteration, row.values["images_per_second"], row.values["g"]) == (1, 2.5, 1.0)
    assert read_checkpoint(tmp_path / "run" / LAST)["iteration"] == 1


def test_seconds_go_on_where_a_run_stopped(config: TrainConfig, samplers: Samplers, tmp_path: Path) -> None:
    (tmp_path / "losses.csv").write_text("iteration,seconds,images_per_second,g,d\n1,1000,5,1,1\n2,2000,5,1,1\n")
    with open_folder(tmp_path, config, samplers, done=1) as folder:
        folder.log(2, 5.0, {"g": 1.0, "d": 1.0})
    _, rows = read_log(tmp_path / "losses.csv")
    assert [row.iteration for row in rows] == [1, 2]
    assert 1000 <= rows[1].values["seconds"] < 1100


def test_without_held_out_crops_that_is_said_and_nothing_is_validated(
    config: TrainConfig, samplers: Samplers, learner: AnyLearner, tmp_path: Path
) -> None:
    said: list[str] = []
    with open_folder(tmp_path, config, samplers, said=said) as folder:
        folder.hold_out(None, learner)
        folder.validate(1, learner)
    assert said == ["validation: none, since nothing is held out; name some with --val, or val: in a recipe's data"]
    assert not (tmp_path / "validation.csv").exists()


def test_an_output_that_is_a_file(config: TrainConfig, samplers: Samplers, tmp_path: Path) -> None:
    (tmp_path / "run").write_text("")
    with pytest.raises(TrainingError, match=r"cannot use .*run"):
        open_folder(tmp_path / "run", config, samplers)


def test_a_run_that_starts_has_no_state(config: TrainConfig, tmp_path: Path) -> None:
    assert find_state(config, tmp_path) is None


def test_only_what_changes_nothing_that_is_learnt_may_change(config: TrainConfig, tiny_run: Path) -> None:
    assert {"iterations", "micro_batch", "workers", "log_every"} <= set(free_arguments(config))
    assert "iterations" not in free_arguments(DetectionConfig())  # on which the rate depends
    state = find_state(replace(config, iterations=7, micro_batch=1, workers=3, threads=2, log_every=2), tiny_run)
    assert state is not None
    assert state["iteration"] == 2
    with pytest.raises(TrainingError, match="holds a run with seed = 5, not 6; give another --output, or delete it"):
        find_state(replace(config, seed=6), tiny_run)
