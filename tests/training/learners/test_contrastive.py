from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from changen_cli.models.stanet import STANet, STANetConfig
from changen_cli.models.stanet.network import THRESHOLD
from changen_cli.training.config.detection import DetectionConfig
from changen_cli.training.config.run import parse
from changen_cli.training.learners.contrastive import MARGIN, ContrastiveLearner, contrastive_loss
from changen_cli.training.run.checkpoint import read_checkpoint
from changen_cli.training.run.log import read_log
from changen_cli.training.train import train
from tests.models.detector_checks import noisy_pairs


def test_both_kinds_of_pixels_count_alike() -> None:
    distance = torch.tensor([[[0.5, 0.0, 1.0, 0.5]], [[0.5, 0.5, 0.5, 9.0]]])
    change = torch.tensor([[[0, 0, 0, 1]], [[0, 0, 1, 1]]])
    valid = torch.ones(2, 1, 4, dtype=torch.bool)
    expected = (2.5 / 5 + (1.5 + 1.5 + 0) / 3) / 2
    assert contrastive_loss(distance, change, valid).item() == pytest.approx(expected)
    valid[0, 0, 3] = False
    assert contrastive_loss(distance, change, valid).item() == pytest.approx((2.5 / 5 + 1.5 / 2) / 2)
    assert MARGIN == 2


def test_a_batch_without_change_has_a_loss() -> None:
    distance = torch.full((1, 2, 2), 3.0, requires_grad=True)
    loss = contrastive_loss(distance, torch.zeros(1, 2, 2), torch.ones(1, 2, 2, dtype=torch.bool))
    assert loss.item() == 1.5
    loss.backward()
    assert distance.grad is not None
    assert bool((distance.grad > 0).all())


@pytest.mark.slow
def test_a_detector_learns_from_it_what_changed() -> None:
    torch.manual_seed(0)
    network = STANet(STANetConfig(reduced=8, fused=16, width=8, dropout=0.0)).train()
    optimizer = torch.optim.Adam(network.parameters(), 2e-3)
    images, change = noisy_pairs()
    wanted = change.squeeze(1)
    for _ in range(40):
        optimizer.zero_grad()
        logits = network(images[:, 0], images[:, 1]).change.squeeze(1)
        contrastive_loss(logits + THRESHOLD, wanted, torch.ones_like(wanted, dtype=torch.bool)).backward()
        optimizer.step()
    found = logits > 0
    f1 = 2 * (found * wanted).sum() / (found.sum() + wanted.sum())
    assert f1.item() > 0.8


def test_stanet_trains(detection_recipe: dict[str, Any], tmp_path: Path) -> None:
    small = {"model": "stanet", "detector": {"reduced": 8, "fused": 16, "width": 8}}
    state = read_checkpoint(train(parse(DetectionConfig, detection_recipe | small, "recipe"), tmp_path))
    assert state["config"].model == "stanet"
    columns, rows = read_log(tmp_path / "losses.csv")
    assert columns == ("seconds", "images_per_second", *ContrastiveLearner.columns)
    assert rows[-1].iteration == 2
