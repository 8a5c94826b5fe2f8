from __future__ import annotations

import numpy as np
import pytest
import torch

from changen_cli.metrics.base import Features, Group, Setting
from changen_cli.metrics.distances.score import (
    INCEPTION_SCORE,
    SHUFFLE_SEED,
    InceptionScore,
    inception_score,
)
from changen_cli.rng import generator
from changen_cli.types import AnyArray


def _filled(logits: AnyArray) -> InceptionScore:
    metric = InceptionScore()
    groups: tuple[Group, ...] = ("real", "synthesised", "pre_event")
    for group in groups:
        for start in range(0, len(logits), 16):
            part = logits[start : start + 16]
            names = [f"{group} {number}" for number in range(start, start + len(part))]
            metric.see_features(Features(group, names, np.zeros((len(part), 2)), part))
    return metric


@pytest.mark.parametrize("count", [60, 57])
def test_agrees_with_torchmetrics(count: int) -> None:
    from torchmetrics.image.inception import InceptionScore as Theirs

    logits = generator("score", count).standard_normal((count, 6)) * 3
    metric = Theirs(feature=_Identity(), splits=10).set_dtype(torch.float64)
    metric.update(torch.from_numpy(logits))
    torch.manual_seed(3)
    order = torch.randperm(count)  # which they draw
    torch.manual_seed(3)
    mean, std = metric.compute()
    assert inception_score(logits[order.numpy()]) == pytest.approx((float(mean), float(std)), rel=1e-6)


class _Identity(torch.nn.Module):
    num_features = 6

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return features


def test_images_that_may_be_anything_score_one() -> None:
    assert _filled(np.zeros((40, 7), np.float32)).compute()["value"] == pytest.approx(1)


def test_images_that_are_surely_one_of_four_classes() -> None:
    found = _filled(np.eye(4, dtype=np.float32)[np.arange(800) % 4] * 50).compute()
    # a split of 80 draws has not quite a quarter of each: 4 exp(-3 / 160)
    assert found["value"] == pytest.approx(4 * np.exp(-3 / 160), rel=0.02)
    assert found["real_score"] == pytest.approx(4 * np.exp(-3 / 160), rel=0.02)
    assert (found["splits"], found["synthesised"]) == (10, 800)


def test_results_repeat() -> None:
    logits = generator("logits").standard_normal((60, 6)).astype(np.float32)
    assert _filled(logits).compute() == _filled(logits).compute()


def test_order_does_not_depend_on_the_seed_of_the_evaluation() -> None:
    logits = generator("logits").standard_normal((60, 6)).astype(np.float32)
    found = []
    for seed in (0, 9):
        metric = INCEPTION_SCORE.make(Setting(seed))
        metric.see_features(Features("synthesised", [str(n) for n in range(60)], np.zeros((60, 2)), logits))
        found.append(metric.compute())
    assert found[0] == found[1]
    assert found[0]["shuffle_seed"] == SHUFFLE_SEED


def test_memory_is_bounded() -> None:
    metric = InceptionScore(kept=20)
    for number in range(50):
        metric.see_features(Features("synthesised", [str(number)], np.zeros((1, 2)), np.zeros((1, 3))))
    assert metric.compute()["synthesised"] == 20


def test_too_few_images_are_absent() -> None:
    assert "19 synthesised, 19 real" in _filled(np.zeros((19, 3), np.float32)).compute()["absent"]


def test_how_it_reads() -> None:
    result = {
        "value": 5.0, "std": 0.2, "splits": 10, "shuffle_seed": 0, "synthesised": 900, "real_score": 6.0,
    }  # fmt: skip
    (line,) = INCEPTION_SCORE.lines(INCEPTION_SCORE, result)
    assert line.better == "higher"
    assert line.detail == ("900 synthesised; real images score 6.000; 10 splits of images shuffled by seed 0")
