from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from changen_cli.metrics.base import Accumulator, Column, Metric, RealImage, Result, Setting
from changen_cli.metrics.evaluation import Evaluation
from changen_cli.metrics.networks import Networks
from changen_cli.metrics.pairs import Pair

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

    def __init__(self, about: dict[str, str] | None = None) -> None:
        self.batches: list[int] = []
        self.about = about or {}

    def __call__(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        self.batches.append(len(images))
        means = images.float().mean((2, 3))
        return means, means


MISSING = {"segmenter": "no segmenter given", "lite0": "not asked for", "inception": "no Inception weights given"}


@pytest.fixture
def eyes() -> Bright:
    return Bright()


@pytest.fixture
def networks(eyes: Bright) -> Networks:
    return Networks({"lite0": Means()}, eyes, {"name": "bright", "sha256": "0" * 64}, MISSING, batch_size=4)


@pytest.fixture
def pairs(make_pair: Make) -> list[Pair]:
    return [make_pair(number) for number in range(COUNT)]


def test_pairs_in_memory_give_every_metric(networks: Networks, eyes: Bright, pairs: list[Pair]) -> None:
    found = Evaluation(networks)
    for pair in pairs:
        found.see_real(RealImage(pair.id, pair.before))
        found.see_pair(pair)
        found.see_truth(pair)
    results = found.compute()
    assert eyes.batches == [4, 4, 4]
    assert results["removed_structure"]["value"] == pytest.approx(1)
    assert results["background_drift"]["difference"] == 0
    agreement = results["label_agreement"]
    assert agreement["kept"] > 0.9
    assert agreement["removed"] < 0.1
    assert agreement["pixels"]["kept"] == COUNT * 480
    assert agreement["real"]["building"] > 0.9
    assert (results["frechet_lite0"]["real"], results["frechet_lite0"]["synthesised"]) == (COUNT, COUNT)
    assert results["frechet_lite0"]["pre_event"] is None


def test_truth_is_real_images_whose_layout_is_known(networks: Networks, pairs: list[Pair]) -> None:
    found = Evaluation(networks)
    grey = np.full_like(pairs[0].after, 128)
    for pair in pairs:
        found.see_pair(replace(pair, after=grey))
        found.see_truth(replace(pair, kept=None))
    agreement = found.compute()["label_agreement"]
    assert (agreement["created"], agreement["removed"], agreement["kept"]) == (0, 1, 0)
    assert agreement["real"]["building"] is None


def test_branches_share_what_was_seen_and_the_networks_and_nothing_else(
    networks: Networks, eyes: Bright, pairs: list[Pair]
) -> None:
    start = Evaluation(networks)
    for pair in pairs:
        start.see_real(RealImage(pair.id, pair.before))
    grey = np.full_like(pairs[0].after, 128)
    copies, greys = start.branch(), start.branch()
    for pair in pairs:
        copies.see_pair(pair)
        greys.see_pair(replace(pair, after=grey))
    first, second = copies.compute(), greys.compute()
    assert (first["label_agreement"]["kept"] > 0.9, second["label_agreement"]["kept"]) == (True, 0)
    assert (first["removed_structure"]["value"], second["removed_structure"]["value"]) == (pytest.approx(1), 0)
    assert first["frechet_lite0"]["value"] == pytest.approx(0, abs=1e-6)
    assert second["frechet_lite0"]["value"] > 10
    assert second["kernel_lite0"]["real"] == COUNT
    # one network, which saw each image once: the real ones before the branches
    assert sum(eyes.batches) == 2 * COUNT
    extractor = networks.extractors["lite0"]
    assert isinstance(extractor, Means)
    assert sum(extractor.batches) == 3 * COUNT
    alone = start.compute()
    assert "absent" in alone["removed_structure"]
    assert (
        alone["frechet_lite0"]["absent"]
        == f"needs at least 2 images of each kind; there are 0 synthesised, {COUNT} real"
    )


def test_what_cannot_be_had_says_why_and_what_nobody_misses_is_left_out(pairs: list[Pair]) -> None:
    found = Evaluation(Networks(missing=MISSING))
    for pair in pairs:
        found.see_pair(pair)
    results = found.compute()
    assert list(results) == [
        "fid", "kid", "inception_score", "frechet_lite0", "kernel_lite0", "label_agreement",
        "removed_structure", "background_drift", "looks",
    ]  # fmt: skip
    assert results["label_agreement"] == {"absent": "no segmenter given"}
    assert results["kernel_lite0"] == {"absent": "not asked for"}
    assert results["kid"] == {"absent": "no Inception weights given"}


def test_batches_and_their_rest_all_count(pairs: list[Pair]) -> None:
    extractor = Means()
    found = Evaluation(Networks({"lite0": extractor}, batch_size=4))
    for pair in pairs:
        found.see_real(RealImage(pair.id, pair.before))
        found.see_real(RealImage(pair.id, pair.before), "pre_event")
        found.see_pair(replace(pair, after=np.full_like(pair.after, 140)))
    result = found.compute()["frechet_lite0"]
    assert sorted(extractor.batches) == sorted([4, 2] * 3)
    assert (result["real"], result["synthesised"]) == (COUNT, COUNT)
    means = np.array([pair.before.mean((1, 2)) for pair in pairs])
    spread = np.cov(means.T).trace()  # the other set has none
    assert result["value"] == pytest.approx(((140 - means.mean(0)) ** 2).sum() + spread, rel=1e-3)
    assert result["pre_event"] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("published", [True, False])
def test_only_published_weights_give_fid_its_name(make_pair: Make, published: bool) -> None:
    source = "inception" if published else "other inception"
    missing = {} if published else {"inception": "not the published ones"}
    found = Evaluation(Networks({source: Means({"weights_sha256": "ab" * 32})}, missing=missing))
    for number in range(20):
        pair = make_pair(number)
        found.see_real(RealImage(pair.id, pair.before))
        found.see_pair(pair)
    results = found.compute()
    there = {name for name, result in results.items() if "absent" not in result} - {
        "removed_structure",
        "background_drift",
        "looks",
    }
    names = {"fid", "kid", "inception_score"}
    others = {"frechet_inception", "kernel_inception", "score_inception"}
    assert there == (names if published else others)
    assert set(results) & others == (set() if published else others)
    assert all(results[name]["weights_sha256"] == "ab" * 32 for name in there)
    if not published:
        assert results["fid"] == {"absent": "not the published ones"}


def test_a_metric_of_ones_own(pairs: list[Pair]) -> None:
    class Contrast(Accumulator):
        def __init__(self, setting: Setting) -> None:
            self.setting, self.values = setting, list[float]()

        def see_pair(self, pair: Pair) -> None:
            self.values.append(float(pair.after.std()))

        def compute(self) -> Result:
            return {"value": sum(self.values) / len(self.values), "seed": self.setting.seed}

    metric = Metric("contrast", "contrast", (Column("contrast", "value", "contrast"),), Contrast)
    found = Evaluation(Networks(), seed=7, metrics=[metric])
    other = found.branch()
    for pair in pairs:
        found.see_pair(pair)
    assert found.metrics == (metric,)
    expected = float(np.mean([pair.after.std() for pair in pairs]))
    assert found.compute() == {"contrast": {"value": pytest.approx(expected), "seed": 7}}
    with pytest.raises(ZeroDivisionError):
        other.compute()
