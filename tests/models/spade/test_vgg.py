from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from changen_cli.errors import WeightsError
from changen_cli.models.spade.vgg import WEIGHTS, Vgg19Features

CONVOLUTIONS = {
    0: (3, 64), 2: (64, 64), 5: (64, 128), 7: (128, 128), 10: (128, 256), 12: (256, 256), 14: (256, 256),
    16: (256, 256), 19: (256, 512), 21: (512, 512), 23: (512, 512), 25: (512, 512), 28: (512, 512),
}  # fmt: skip
"""Number in torchvision's ``vgg19().features``, inputs and outputs, up to the first of the last block."""


@pytest.fixture(scope="module")
def tensors() -> dict[str, Tensor]:
    """Random weights by torchvision's names, with some of the layers behind them."""
    draw = torch.Generator().manual_seed(0)
    named = {}
    for number, (inputs, outputs) in CONVOLUTIONS.items():
        named[f"features.{number}.weight"] = torch.randn(outputs, inputs, 3, 3, generator=draw) / (4 * inputs) ** 0.5
        named[f"features.{number}.bias"] = torch.randn(outputs, generator=draw) / 10
    return named | {"features.30.weight": torch.zeros(512, 512, 3, 3), "classifier.6.bias": torch.zeros(1000)}


def test_names_and_layers_are_torchvisions(tensors: dict[str, Tensor]) -> None:
    """Against the same layers put in a row, each behind the other as in configuration E."""
    row: list[nn.Module] = []
    for number, (inputs, outputs) in CONVOLUTIONS.items():
        if len(row) < number:
            row.append(nn.MaxPool2d(2))
        row += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU()]
    plain = nn.Sequential(*row)
    plain.load_state_dict(
        {k.removeprefix("features."): v for k, v in tensors.items() if "30" not in k and "cl" not in k}
    )
    network = Vgg19Features(tensors)
    image = torch.rand(2, 3, 32, 48) * 2 - 1
    mean = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
    x = ((image + 1) / 2 - mean) / torch.tensor([0.229, 0.224, 0.225])[:, None, None]
    expected = []
    for number, layer in enumerate(plain):
        x = layer(x)
        if number in (1, 6, 11, 20, 29):
            expected.append(x)
    found = network(image)
    assert [f.shape[1] for f in found] == list(network.channels) == [64, 128, 256, 512, 512]
    assert [image.shape[2] // f.shape[2] for f in found] == [1, 2, 4, 8, 16]
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)


def test_it_is_frozen_and_passes_gradients_to_the_image(tensors: dict[str, Tensor]) -> None:
    network = Vgg19Features(tensors)
    assert not any(parameter.requires_grad for parameter in network.parameters())
    image = torch.zeros(1, 3, 16, 16, requires_grad=True)
    network(image)[-1].sum().backward()
    assert image.grad is not None
    assert image.grad.abs().max() > 0


def test_weights_of_the_layers_are_published() -> None:
    assert WEIGHTS == (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1)


@pytest.mark.parametrize("change", ["missing", "shape"])
def test_other_tensors_are_refused(change: str, tensors: dict[str, Tensor]) -> None:
    other = dict(tensors)
    if change == "missing":
        del other["features.19.bias"]
    else:
        other["features.0.weight"] = torch.zeros(64, 1, 3, 3)
    with pytest.raises(WeightsError, match=r"not those of VGG-19.*--vgg-weights"):
        Vgg19Features(other)
