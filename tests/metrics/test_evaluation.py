from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from changen_cli.metrics import evaluation
from changen_cli.metrics.change.pairs import Pair
from changen_cli.metrics.distances import sets
from changen_cli.metrics.evaluation import Evaluation
from changen_cli.weights.card import Card

Make = Callable[..., Pair]
COUNT = 6


class Bright(nn.Module):
    """Sees a building wherever red is far above blue, as on drawn roofs."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[int] = []

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.batches.append(len(images))
        return images[:, :1] - images[:, 2:] - 0.4


class Means:
    """Means of the bands, in place of Lite0."""

    size = 3
    seen = 0

    def __init__(self, device: str) -> None:
        pass

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        self.seen += len(images)
        return images.float().mean((2, 3))


@pytest.fixture
def eyes(monkeypatch: pytest.MonkeyPatch) -> Bright:
    network = Bright()
    card = Card("bright", "segmenter", {}, "0" * 64)
    monkeypatch.setattr(evaluation, "load_segmenter", lambda weights, device: (network, card))
    monkeypatch.setattr(sets, "Lite0Extractor", Means)
    return network


@pytest.fixture
def pairs(make_pair: Make) -> list[Pair]:
    return [make_pair(number) for number in range(COUNT)]


def test_pairs_in_memory_give_every_figure(eyes: Bright, pairs: list[Pair]) -> None:
    found = Evaluation(segmenter="bright", batch_size=4)
    assert found.segmenter_card == {"name": "bright", "sha256": "0" * 64}
    for pair in pairs:
        found.see_real(pair.id, pair.before)
        found.see_pair(pair)
        found.see_truth(pair)
    figures = found.figures()
    assert eyes.batches == [4, 4, 4]
    assert figures["leakage"]["value"] == pytest.approx(1)
    assert figures["background_drift"]["difference"] == 0
    agreement = figures["label_agreement"]
    assert agreement["kept"] > 0.9
    assert agreement["removed"] < 0.1
    assert agreement["pixels"]["kept"] == COUNT * 480
    assert agreement["real"]["building"] > 0.9
    assert (figures["frechet_lite0"]["real"], figures["frechet_lite0"]["synthesised"]) == (COUNT, COUNT)
    assert figures["frechet_lite0"]["pre_event"] is None


def test_truth_is_real_images_whose_layout_is_known(eyes: Bright, pairs: list[Pair]) -> None:
    found = Evaluation(segmenter="bright")
    grey = np.full_like(pairs[0].after, 128)
    for pair in pairs:
        found.see_pair(replace(pair, after=grey))
        found.see_truth(replace(pair, kept=None))
    agreement = found.figures()["label_agreement"]
    assert (agreement["created"], agreement["removed"], agreement["kept"]) == (0, 1, 0)
    assert agreement["real"]["building"] is None


def test_branches_share_what_was_seen_and_the_networks_and_nothing_else(eyes: Bright, pairs: list[Pair]) -> None:
    start = Evaluation(segmenter="bright", batch_size=4)
    for pair in pairs:
        start.see_real(pair.id, pair.before)
    grey = np.full_like(pairs[0].after, 128)
    copies, greys = start.branch(), start.branch()
    for pair in pairs:
        copies.see_pair(pair)
        greys.see_pair(replace(pair, after=grey))
    first, second = copies.figures(), greys.figures()
    assert (first["label_agreement"]["kept"] > 0.9, second["label_agreement"]["kept"]) == (True, 0)
    assert (first["leakage"]["value"], second["leakage"]["value"]) == (pytest.approx(1), 0)
    assert first["frechet_lite0"]["value"] == pytest.approx(0, abs=1e-6)
    assert second["frechet_lite0"]["value"] > 10
    assert second["kernel_lite0"]["real"] == COUNT
    # one network, which saw each image once: the real ones before the branches
    assert sum(eyes.batches) == 2 * COUNT
    (network,) = start._sets.networks
    assert copies._sets.networks == [network]
    assert network.seen == 3 * COUNT
    alone = start.figures()
    assert "absent" in alone["leakage"]
    assert (
        alone["frechet_lite0"]["absent"]
        == f"needs at least 2 images of each kind; there are 0 synthesised, {COUNT} real"
    )


def test_what_cannot_be_had_says_why(pairs: list[Pair]) -> None:
    found = Evaluation(lite0=False)
    for pair in pairs:
        found.see_pair(pair)
    figures = found.figures()
    assert found.segmenter_card is None
    assert "changen train --model segmenter" in figures["label_agreement"]["absent"]
    assert figures["kernel_lite0"] == {"absent": "not asked for"}
    assert "no Inception weights given" in figures["kid"]["absent"]
