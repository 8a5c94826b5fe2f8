from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from changen_cli.errors import WeightsError
from changen_cli.models.spade.vgg import WEIGHTS, Vgg19Features
from tests.models.spade.vgg_tensors import CONVOLUTIONS, draw_vgg_tensors


@pytest.fixture(scope="module")
def tensors() -> dict[str, Tensor]:
    return draw_vgg_tensors()


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
