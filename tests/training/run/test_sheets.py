from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from skimage.io import imread

from changen_cli.errors import StoreError
from changen_cli.training.config.options import TrainConfig, parse_config
from changen_cli.training.data.samplers import Samplers, make_samplers
from changen_cli.training.learners.make import make_learner
from changen_cli.training.run.sheets import Sheets


@pytest.fixture
def config(tiny_recipe: dict[str, object]) -> TrainConfig:
    return parse_config(tiny_recipe)


@pytest.fixture
def samplers(config: TrainConfig) -> Samplers:
    return make_samplers(config)


def test_a_sheet_has_a_row_for_each_crop_and_the_same_crops_each_time(
    config: TrainConfig, samplers: Samplers, tmp_path: Path
) -> None:
    learner = make_learner(config, "cpu", torch.float32)
    sheets = Sheets(tmp_path / "sheets", learner.sheet(samplers.shown, 3))
    first, second = (sheets.write(iteration) for iteration in (7, 1000))
    assert [path.name for path in (first, second)] == ["000007.png", "001000.png"]
    picture = imread(first)
    assert picture.shape == (3 * 68, 4 * 68, 3)
    for row in range(3):
        assert np.array_equal(picture[68 * row :][:64, :64].transpose(2, 0, 1), samplers.shown[row].image)
    assert first.read_bytes() == second.read_bytes()


def test_a_sheet_that_cannot_be_written(config: TrainConfig, samplers: Samplers, tmp_path: Path) -> None:
    (tmp_path / "sheets").write_text("a file where a folder should be")
    sheets = Sheets(tmp_path / "sheets", make_learner(config, "cpu", torch.float32).sheet(samplers.shown, 1))
    with pytest.raises(StoreError, match="sheets"):
        sheets.write(1)
