from __future__ import annotations

import numpy as np
import pytest
import torch
from torchmetrics.classification import (
    BinaryAveragePrecision,
    BinaryF1Score,
    BinaryJaccardIndex,
    BinaryPrecision,
    BinaryRecall,
)

from changen_cli.metrics.detection.scores import BINS, ChangeScores, all_change, bins_of, threshold_of
from changen_cli.types import BoolArray, Float32Array, UInt8Array

Images = list[tuple[Float32Array, UInt8Array, BoolArray]]


@pytest.fixture(scope="module")
def images() -> Images:
    """Four images whose probabilities tell something of the change, from nearly 0 to nearly 1; a part is not valid."""
    draw = np.random.default_rng(5)
    made: Images = []
    for number in range(4):
        change = (draw.random((40, 50)) < 0.05 + 0.05 * number).astype(np.uint8)
        logits = draw.normal(0, 4, change.shape) + 5 * change - 3
        probability = torch.sigmoid(torch.from_numpy(logits)).float().numpy()
        valid = draw.random(change.shape) < 0.9
        made.append((probability, change, valid))
    return made


def scores_of(images: Images, threshold: float = 0.5) -> ChangeScores:
    scores = ChangeScores(threshold)
    for image in images:
        scores.see(*image)
    return scores


def together(images: Images) -> tuple[torch.Tensor, torch.Tensor]:
    return (
        torch.from_numpy(np.concatenate([p[v] for p, _, v in images])),
        torch.from_numpy(np.concatenate([c[v] for _, c, v in images])).int(),
    )


@pytest.mark.parametrize("threshold", [0.5, 0.137])
def test_scores_at_a_threshold_are_those_of_all_pixels_together(images: Images, threshold: float) -> None:
    found = scores_of(images, threshold).compute()
    predictions, labels = together(images)
    for name, metric in (
        ("f1", BinaryF1Score(threshold)),
        ("iou", BinaryJaccardIndex(threshold)),
        ("precision", BinaryPrecision(threshold)),
        ("recall", BinaryRecall(threshold)),
    ):
        assert found[name] == pytest.approx(float(metric(predictions, labels)), abs=1e-6)
    assert found["pixels"] == len(labels)
    assert found["changed"] == pytest.approx(float(labels.float().mean()))


def test_average_precision_is_the_exact_one_of_rounded_probabilities(images: Images) -> None:
    found = scores_of(images).compute()
    predictions, labels = together(images)
    rounded = torch.from_numpy(bins_of(predictions.numpy()) / BINS)
    metric = BinaryAveragePrecision(thresholds=None)
    assert found["average_precision"] == pytest.approx(float(metric(rounded, labels)), abs=1e-6)
    metric.reset()
    assert found["average_precision"] == pytest.approx(float(metric(predictions, labels)), abs=1e-4)


def test_the_best_f1_is_that_of_its_threshold(images: Images) -> None:
    found = scores_of(images).compute()
    predictions, labels = together(images)
    # the step's edge in float32 may fall on either side of a pixel
    at_best = scores_of(images, found["best_threshold"]).compute()
    assert at_best["f1"] == pytest.approx(found["best_f1"], abs=1e-3)
    every = [float(BinaryF1Score(t)(predictions, labels)) for t in np.linspace(0.01, 0.99, 99)]
    assert found["best_f1"] >= max(every) - 1e-4
    assert found["best_f1"] > found["f1"]


def test_a_detector_that_is_sure_of_everything_is_ranked_as_finely(images: Images) -> None:
    """A shift of all log-odds changes no rank; steps of equal probability would lose most of them."""
    shifted: Images = [
        (torch.sigmoid(torch.logit(torch.from_numpy(p).double()) - 6).float().numpy(), c, v) for p, c, v in images
    ]
    first, second = scores_of(images).compute(), scores_of(shifted).compute()
    assert second["f1"] < first["f1"] - 0.1
    assert second["average_precision"] == pytest.approx(first["average_precision"], abs=1e-3)
    assert second["best_f1"] == pytest.approx(first["best_f1"], abs=1e-3)


def test_half_is_the_edge_of_a_step() -> None:
    half = np.float32(0.5)
    below, at = bins_of(np.array([np.nextafter(half, np.float32(0)), half]))
    assert (below, at) == (BINS // 2 - 1, BINS // 2)
    assert threshold_of(BINS // 2) == 0.5
    assert list(bins_of(np.array([0, 1, np.nan], np.float32))) == [0, BINS - 1, 0]


def test_counts_add_up(images: Images) -> None:
    whole, first, second = scores_of(images), scores_of(images[:1]), scores_of(images[1:])
    first.add(second)
    assert first.compute() == whole.compute()
    assert first.curve() == whole.curve()


def test_recall_by_event() -> None:
    change = np.zeros((4, 6), np.uint8)
    change[0], change[1, :3] = 1, 1
    events = np.zeros((4, 6), np.uint8)
    events[0], events[1, :3] = 1, 2
    events[3] = 2  # not changed, so it is nothing
    probability = np.full((4, 6), 0.1, np.float32)
    probability[0, :3], probability[1, :3] = 0.9, 0.4
    scores = ChangeScores(0.5, ("create", "remove", "never"))
    scores.see(probability, change, np.ones((4, 6), bool), events)
    scores.see(probability, change, np.zeros((4, 6), bool), events)
    found = scores.compute()["events"]
    assert found["create"] == {"pixels": 6, "recall": 0.5, "best_recall": 0.5}
    assert found["remove"] == {"pixels": 3, "recall": 0.0, "best_recall": 1.0}
    assert found["never"] == {"pixels": 0, "recall": None, "best_recall": None}


def test_the_curve_ends_where_all_is_found(images: Images) -> None:
    curve = scores_of(images).curve()
    assert 50 < len(curve) <= 200
    recall, precision = zip(*curve, strict=True)
    assert list(recall) == sorted(recall)
    assert recall[-1] == 1
    found = scores_of(images).compute()
    assert found["changed"] < precision[-1] < 2 * found["changed"]
    area = np.trapezoid(precision, recall)
    assert area == pytest.approx(found["average_precision"], abs=0.01)


def test_nothing_to_find_has_no_score() -> None:
    scores = ChangeScores()
    assert scores.compute()["f1"] is None
    scores.see(np.full((3, 3), 0.1, np.float32), np.zeros((3, 3), np.uint8), np.ones((3, 3), bool))
    found = scores.compute()
    assert (found["pixels"], found["changed"]) == (9, 0)
    assert [found[name] for name in ("f1", "recall", "average_precision", "best_f1")] == [None] * 4
    assert scores.curve() == []
    scores.see(np.full((3, 3), 0.9, np.float32), np.zeros((3, 3), np.uint8), np.ones((3, 3), bool))
    assert scores.f1 == 0


def test_the_floor_is_calling_everything_changed(images: Images) -> None:
    scores = ChangeScores()
    for _, change, valid in images:
        scores.see(np.ones(change.shape, np.float32), change, valid)
    found = scores.compute()
    for name, value in all_change(found["changed"]).items():
        assert found[name] == pytest.approx(value)
    assert all_change(0.0)["f1"] is None
