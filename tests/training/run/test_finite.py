from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from torch import nn

from changen_cli.errors import TrainingError
from changen_cli.training.run.finite import require_finite


def test_finite_losses_and_weights_pass(tmp_path: Path) -> None:
    require_finite({"g": 1.0, "d": -2.0}, [nn.Linear(2, 1)], 3, tmp_path / "last.ckpt")
    require_finite({}, [], 3, tmp_path / "last.ckpt")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_not_is_named(value: float, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="loss d is not finite after iteration 3; no checkpoint was written yet"):
        require_finite({"g": 1.0, "d": value}, [], 3, tmp_path / "last.ckpt")


def test_a_weight_that_is_not_is_named_with_what_can_be_gone_back_to(tmp_path: Path) -> None:
    network = nn.Sequential(nn.Linear(2, 1), nn.Linear(1, 1))
    with torch.no_grad():
        network.get_parameter("1.weight").fill_(math.inf)
    checkpoint = tmp_path / "last.ckpt"
    checkpoint.touch()
    with pytest.raises(
        TrainingError, match=r"weight Sequential\.1\.weight is not .*last good checkpoint is .*last\.ckpt"
    ):
        require_finite({"g": 1.0}, [nn.Linear(1, 1), network], 3, checkpoint)
    require_finite({"g": 1.0}, [], 3, checkpoint)
