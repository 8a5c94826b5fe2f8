from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from changen_cli.errors import WeightsError
from changen_cli.metrics.distances import inception
from changen_cli.metrics.distances.frechet import Gaussian, frechet_distance
from changen_cli.metrics.distances.inception import InceptionExtractor, InceptionFigures
from changen_cli.metrics.distances.kernel import kernel_distance
from changen_cli.rng import generator
from changen_cli.weights.card import file_sha256

fidelity = pytest.importorskip("torch_fidelity.feature_extractor_inceptionv3")
pytest.importorskip("torchmetrics")


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights in the form of the published file: it cannot be had offline, its code path can be run."""

    class Blank(fidelity.FeatureExtractorInceptionV3):
        def load_state_dict(self, *_: object, **__: object) -> None:
            return None

    nothing = io.BytesIO()
    torch.save({}, nothing)
    nothing.seek(0)
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "weights-inception-2015-12-05-6726825d.pth"
    torch.save(Blank("blank", ["2048"], nothing).state_dict(), path)
    return path


@pytest.mark.slow
def test_network_runs_as_torch_fidelity_does(weights: Path) -> None:
    extractor = InceptionExtractor(weights, file_sha256(weights).upper(), "cpu")
    assert not extractor.published
    torch.manual_seed(1)
    images = torch.randint(0, 256, (2, 3, 64, 80), dtype=torch.uint8)
    features, logits = extractor(images)
    assert (features.shape, logits.shape) == ((2, 2048), (2, 1008))
    own = fidelity.FeatureExtractorInceptionV3("own", ["2048", "logits_unbiased"], str(weights))
    for found, expected in zip((features, logits), own(images), strict=True):
        torch.testing.assert_close(found, expected)


def test_published_weights_are_known_by_their_digest(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inception, "PUBLISHED", file_sha256(weights))
    assert InceptionExtractor(weights, None, "cpu").published


def test_files_that_cannot_be_used(weights: Path, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"no such file.*torch-fidelity/releases"):
        InceptionExtractor(tmp_path / "none.pth", None, "cpu")
    with pytest.raises(WeightsError, match=r"SHA-256 is .*, not aaaa"):
        InceptionExtractor(weights, "a" * 64, "cpu")
    (tmp_path / "text.pth").write_text("<html>not found</html>")
    with pytest.raises(WeightsError, match="cannot be read as weights"):
        InceptionExtractor(tmp_path / "text.pth", None, "cpu")
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(WeightsError, match="no tensors by name"):
        InceptionExtractor(tmp_path / "list.pth", None, "cpu")
    save_file({"a": torch.zeros(2)}, tmp_path / "other.safetensors")
    with pytest.raises(WeightsError, match="not those of torch-fidelity's Inception"):
        InceptionExtractor(tmp_path / "other.safetensors", None, "cpu")


class _Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (Path.touch, (Path("/tmp/changen-was-here"),))


def test_nothing_in_the_file_is_run(tmp_path: Path) -> None:
    torch.save({"a": _Evil()}, tmp_path / "evil.pth")
    with pytest.raises(WeightsError, match="cannot be read as weights"):
        InceptionExtractor(tmp_path / "evil.pth", None, "cpu")
    assert not Path("/tmp/changen-was-here").exists()


def _fill(figures: InceptionFigures, logits: np.ndarray, shift: float = 1.0) -> dict[str, np.ndarray]:
    sets = {}
    for group, offset in (("real", 0.0), ("synthesised", shift)):
        rows = generator("inception", group).standard_normal((len(logits), figures.size)) + offset
        sets[group] = rows.astype(np.float32)
        for start in range(0, len(rows), 16):
            part = slice(start, start + 16)
            names = [f"{group} {n}" for n in range(len(rows))[part]]
            figures.update(group, names, torch.from_numpy(sets[group][part]), torch.from_numpy(logits[part]))
    return sets


def test_fid_and_kid_agree_with_our_own_arithmetic() -> None:
    figures = InceptionFigures(size=12)
    sets = _fill(figures, np.zeros((50, 5), np.float32))
    fid, kid, _ = figures.compute()
    gaussians = {name: Gaussian(12) for name in sets}
    for name, rows in sets.items():
        gaussians[name].update(rows)
    assert fid["value"] == pytest.approx(frechet_distance(*gaussians.values()), rel=1e-4)
    assert (fid["real"], fid["synthesised"], fid["features"]) == (50, 50, 12)
    assert kid["subset_size"] == 25
    assert abs(kid["value"] - kernel_distance(*sets.values())) < kid["std"]


def test_inception_score_has_the_closed_forms() -> None:
    figures = InceptionFigures(size=4)
    _fill(figures, np.zeros((40, 7), np.float32))
    assert figures.compute()[2]["value"] == pytest.approx(1)  # every image may be anything
    sure = np.eye(4, dtype=np.float32)[np.arange(800) % 4] * 50
    figures = InceptionFigures(size=4)
    _fill(figures, sure)
    score = figures.compute()[2]
    # four classes, each image surely one; a split of 80 draws has not quite a quarter of each: 4 exp(-3 / 160)
    assert score["value"] == pytest.approx(4 * np.exp(-3 / 160), rel=0.02)
    assert score["real_score"] == pytest.approx(4 * np.exp(-3 / 160), rel=0.02)
    assert score["splits"] == 10


def test_figures_repeat_and_leave_the_random_state_alone() -> None:
    found = []
    logits = generator("logits").standard_normal((60, 6)).astype(np.float32)
    for _ in range(2):
        figures = InceptionFigures(size=8)
        _fill(figures, logits)
        torch.manual_seed(len(found))
        state = torch.get_rng_state()
        found.append(figures.compute())
        assert torch.equal(torch.get_rng_state(), state)
    assert found[0] == found[1]


def test_too_few_images_are_absent() -> None:
    figures = InceptionFigures(size=4)
    _fill(figures, np.zeros((1, 3), np.float32))
    assert all("1 synthesised, 1 real" in figure["absent"] for figure in figures.compute())
