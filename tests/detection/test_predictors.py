from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from changen_cli.detection import predictors
from changen_cli.detection.predictors import (
    DetectorPredictor,
    PostClassification,
    choose_threshold,
    find_detector,
    load_predictor,
)
from changen_cli.errors import UsageError, WeightsError
from changen_cli.models.base import Model
from changen_cli.models.detector import Detection, Detector
from changen_cli.models.segmenter import Segmenter, SegmenterConfig
from changen_cli.weights.card import Card

Weights = Callable[..., Path]
CARD = Card("mine", "tiny", {}, "0" * 64)


class Tiny(Detector):
    def __init__(self, config: object = None) -> None:
        super().__init__()
        self.layer = nn.Conv2d(6, 1, 1)

    def forward(self, before: Tensor, after: Tensor) -> Detection:
        assert before.dtype == torch.float32
        assert -1 <= float(before.min()) <= float(before.max()) <= 1
        return Detection(self.layer(torch.cat([before, after], 1)))


@pytest.fixture
def images() -> tuple[Tensor, Tensor]:
    draw = torch.Generator().manual_seed(1)
    first, second = (torch.randint(0, 256, (2, 3, 40, 48), dtype=torch.uint8, generator=draw) for _ in range(2))
    return first, second


def test_a_detector_says_the_sigmoid_of_change(images: tuple[Tensor, Tensor]) -> None:
    network = Tiny().eval()
    found = DetectorPredictor(network, CARD)(*images)
    assert found.shape == (2, 40, 48)
    assert found.dtype == torch.float32
    pixels = torch.cat([image[:1, :, 7, 9].float() / 127.5 - 1 for image in images], 1)
    assert network.layer.bias is not None
    expected = torch.sigmoid(network.layer.weight[0, :, 0, 0] @ pixels[0] + network.layer.bias[0])
    assert float(found[0, 7, 9]) == pytest.approx(float(expected.detach()), abs=1e-6)


@pytest.mark.parametrize("classes", [2, 4])
def test_post_classification_compares_what_both_dates_show(images: tuple[Tensor, Tensor], classes: int) -> None:
    torch.manual_seed(0)
    network = Segmenter(SegmenterConfig(classes=classes, width=0.25)).eval()
    found = PostClassification(network, CARD)(*images)
    first, second = (network(image.float() / 127.5 - 1).softmax(1).detach() for image in images)
    torch.testing.assert_close(found, 1 - (first * second).sum(1), atol=1e-5, rtol=0)
    if classes == 2:
        p1, p2 = first[:, 1], second[:, 1]
        torch.testing.assert_close(found, p1 * (1 - p2) + p2 * (1 - p1), atol=1e-6, rtol=0)
    same = PostClassification(network, CARD)(images[0], images[0])
    assert float(same.max()) <= 1 - 1 / classes + 1e-6


def test_weights_say_what_they_are(weights_of: Weights, images: tuple[Tensor, Tensor]) -> None:
    predictor = load_predictor(str(weights_of("segmenter")))
    assert (predictor.name, predictor.kind) == ("segmenter", "post-classification")
    assert np.isfinite(predictor(*images).numpy()).all()
    with pytest.raises(WeightsError, match=r"untrained\.safetensors: weights of 'changen', which detects no change"):
        load_predictor(str(weights_of("changen", "untrained")))
    with pytest.raises(WeightsError, match="no weights named 'nobody'"):
        load_predictor("nobody")


def test_a_detectors_weights_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    cards = {name: (Path(name), Card(name, "tiny", {}, "0" * 64)) for name in ("first", "second")}
    record = Model("tiny", "", Tiny, object, "nowhere", weights="second")
    other = Model("segmenter", "", Segmenter, SegmenterConfig, "nowhere", weights="segmenter")
    monkeypatch.setattr(predictors, "model_names", lambda: ["tiny", "segmenter"])
    monkeypatch.setattr(predictors, "get_model", {"tiny": record, "segmenter": other}.__getitem__)
    monkeypatch.setattr(predictors, "list_cards", lambda: cards)
    assert find_detector() == "second"
    del cards["second"]
    assert find_detector() == "first"
    cards["third"] = (Path("third"), Card("third", "tiny", {}, "0" * 64))
    with pytest.raises(UsageError, match=r"several detectors \(first, third\)"):
        find_detector()
    cards.clear()
    with pytest.raises(UsageError, match=r"none of a detector come with changen.*--weights segmenter"):
        find_detector()


def test_the_threshold_is_the_users_or_that_of_the_card_or_a_half() -> None:
    plain = DetectorPredictor(Tiny().eval(), CARD)
    tuned = DetectorPredictor(Tiny().eval(), replace(CARD, threshold=0.2))
    assert [choose_threshold(None, plain), choose_threshold(None, tuned), choose_threshold(0.7, tuned)] == [
        0.5,
        0.2,
        0.7,
    ]
