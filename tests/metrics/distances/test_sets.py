from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from changen_cli.errors import WeightsError
from changen_cli.metrics.distances import sets
from changen_cli.metrics.distances.inception import NAMES, OTHER_NAMES
from changen_cli.metrics.distances.sets import LITE0_NAMES, ImageSets

pytest.importorskip("torchmetrics")


class FakeLite0:
    """Means of the bands: features whose distances can be written down."""

    size = 3
    seen: list[int]

    def __init__(self, device: str) -> None:
        self.seen = []

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        self.seen.append(len(images))
        return images.float().mean((2, 3))


class FakeInception:
    sha256 = "ab" * 32
    published = True

    def __init__(self, path: Path, sha256: str | None, device: str) -> None:
        pass

    def __call__(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        means = images.float().mean((2, 3))
        return torch.cat([means, torch.zeros(len(images), 2045)], 1), means


def _images(value: int, count: int) -> np.ndarray:
    noise = np.random.default_rng(value).integers(-9, 10, (count, 3, 1, 1))
    return np.broadcast_to(value + noise, (count, 3, 8, 8)).astype(np.uint8)


def _run(count: int = 30, **given: Any) -> dict[str, dict[str, object]]:
    found = ImageSets(batch_size=8, **given)
    for group, value in (("real", 100), ("pre_event", 100), ("synthesised", 140)):
        for number, image in enumerate(_images(value, count)):
            found.add(group, f"{group} {number}", image)
    return found.compute()


def test_batches_and_their_rest_all_count(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[FakeLite0] = []

    class Recording(FakeLite0):
        def __init__(self, device: str) -> None:
            super().__init__(device)
            made.append(self)

    monkeypatch.setattr(sets, "Lite0Extractor", Recording)
    found = _run()
    assert sorted(made[0].seen) == sorted([8, 8, 8, 6] * 3)
    distance = found["frechet_lite0"]
    assert (distance["real"], distance["synthesised"]) == (30, 30)
    means = [_images(v, 30).mean((2, 3)) for v in (100, 140)]
    shift = ((means[0].mean(0) - means[1].mean(0)) ** 2).sum()
    assert distance["value"] == pytest.approx(shift, rel=0.02)
    assert distance["pre_event"] == pytest.approx(0, abs=1e-6)
    assert found["kernel_lite0"]["value"] > 0


def test_without_weights_nothing_is_called_fid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sets, "Lite0Extractor", FakeLite0)
    found = _run()
    assert list(found) == [*NAMES, *LITE0_NAMES]
    for name in NAMES:
        assert "torch-fidelity/releases" in found[name]["absent"]
        assert "--inception-weights" in found[name]["absent"]


@pytest.mark.parametrize("published", [True, False])
def test_only_published_weights_give_fid_its_name(monkeypatch: pytest.MonkeyPatch, published: bool) -> None:
    monkeypatch.setattr(sets, "InceptionExtractor", FakeInception)
    monkeypatch.setattr(FakeInception, "published", published)
    monkeypatch.setattr("torchmetrics.image.fid.FrechetInceptionDistance.compute", lambda self: torch.tensor(12.5))
    found = _run(lite0=False, inception_weights="w.pth")
    there = {name for name, figure in found.items() if "absent" not in figure}
    assert there == set(NAMES if published else OTHER_NAMES)
    name = "fid" if published else "frechet_inception"
    assert found[name]["value"] == 12.5
    assert found[name]["weights_sha256"] == FakeInception.sha256
    assert found["frechet_lite0"] == {"absent": "not asked for"}


def test_missing_package_is_a_reason_not_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(device: str) -> None:
        raise WeightsError("needs timm; install with: pip")

    monkeypatch.setattr(sets, "Lite0Extractor", missing)
    found = _run()
    assert found["kernel_lite0"] == {"absent": "needs timm; install with: pip"}


def test_wrong_weights_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no such file of Inception weights"):
        ImageSets(lite0=False, inception_weights=str(tmp_path / "none.pth"))
