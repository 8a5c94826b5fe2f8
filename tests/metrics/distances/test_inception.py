from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from changen_cli.errors import WeightsError
from changen_cli.metrics.distances.inception import InceptionExtractor
from changen_cli.weights.card import file_sha256

fidelity = pytest.importorskip("torch_fidelity.feature_extractor_inceptionv3")


@pytest.mark.slow
def test_network_runs_as_torch_fidelity_does(inception_weights: Path) -> None:
    extractor = InceptionExtractor(inception_weights, file_sha256(inception_weights).upper(), "cpu")
    assert not extractor.published
    torch.manual_seed(1)
    images = torch.randint(0, 256, (2, 3, 64, 80), dtype=torch.uint8)
    features, logits = extractor(images)
    assert (extractor.size, features.shape, logits.shape) == (2048, (2, 2048), (2, 1008))
    own = fidelity.FeatureExtractorInceptionV3("own", ["2048", "logits_unbiased"], str(inception_weights))
    for found, expected in zip((features, logits), own(images), strict=True):
        torch.testing.assert_close(found, expected)


def test_published_weights_are_known_by_their_digest(inception_weights: Path) -> None:
    digest = file_sha256(inception_weights)
    extractor = InceptionExtractor(inception_weights, None, "cpu", published=digest)
    assert extractor.published
    assert extractor.about == {"weights_sha256": digest}


def test_files_that_cannot_be_used(inception_weights: Path, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"no such file.*torch-fidelity/releases"):
        InceptionExtractor(tmp_path / "none.pth", None, "cpu")
    with pytest.raises(WeightsError, match=r"SHA-256 is .*, not aaaa"):
        InceptionExtractor(inception_weights, "a" * 64, "cpu")
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
    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return (Path.touch, (Path("/tmp/changen-was-here"),))


def test_nothing_in_the_file_is_run(tmp_path: Path) -> None:
    torch.save({"a": _Evil()}, tmp_path / "evil.pth")
    with pytest.raises(WeightsError, match="cannot be read as weights"):
        InceptionExtractor(tmp_path / "evil.pth", None, "cpu")
    assert not Path("/tmp/changen-was-here").exists()
