from __future__ import annotations

import pytest
import torch

from changen_cli.metrics.distances.features import Lite0Extractor, exact_arithmetic

pytest.importorskip("timm")


@pytest.fixture(scope="module")
def extractor() -> Lite0Extractor:
    return Lite0Extractor("cpu")


def test_features_are_the_last_stage_averaged(extractor: Lite0Extractor) -> None:
    torch.manual_seed(0)
    images = torch.randint(0, 256, (3, 3, 64, 96), dtype=torch.uint8)
    features, logits = extractor(images)
    assert logits is None
    assert (extractor.size, features.shape, features.dtype) == (320, (3, 320), torch.float32)
    maps = extractor.network(images.float() / 127.5 - 1)[-1]
    assert maps.shape == (3, 320, 2, 3)
    torch.testing.assert_close(features, maps.flatten(2).mean(2))


def test_an_image_counts_alone(extractor: Lite0Extractor) -> None:
    torch.manual_seed(1)
    images = torch.randint(0, 256, (4, 3, 64, 64), dtype=torch.uint8)
    torch.testing.assert_close(extractor(images)[0][2:3], extractor(images[2:3])[0], atol=1e-4, rtol=1e-4)


def test_exact_arithmetic_leaves_the_settings_as_they_were() -> None:
    before = (torch.backends.cudnn.deterministic, torch.backends.cudnn.allow_tf32)
    with exact_arithmetic():
        assert (torch.backends.cudnn.deterministic, torch.backends.cudnn.allow_tf32) == (True, False)
        assert torch.is_inference_mode_enabled()
    assert (torch.backends.cudnn.deterministic, torch.backends.cudnn.allow_tf32) == before
