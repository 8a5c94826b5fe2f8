from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from changen_cli.errors import UsageError
from changen_cli.models.deepfill import DeepFillConfig, DeepFillGenerator
from changen_cli.models.deepfill.generator import GatedConv

Inputs = Callable[..., tuple[Tensor, Tensor]]

TINY = DeepFillConfig(width=1 / 12)
PUBLISHED = 4.1e6


def make() -> DeepFillGenerator:
    torch.manual_seed(0)
    return DeepFillGenerator(TINY)


def parameters(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def test_parameters_as_published() -> None:
    with torch.device("meta"):
        network = DeepFillGenerator(DeepFillConfig())
    assert parameters(network) == pytest.approx(4.05e6, rel=0.002)
    assert parameters(network) == pytest.approx(PUBLISHED, rel=0.02)


@pytest.mark.parametrize("size", [(16, 16), (17, 40), (33, 65), (128, 96)])
def test_outputs_have_the_size_of_the_image_and_lie_in_range(size: tuple[int, int], inputs: Inputs) -> None:
    with torch.inference_mode():
        results = make().eval()(*inputs(*size))
    for made in results:
        assert made.shape == (2, 3, *size)
        assert made.dtype == torch.float32
        assert made.abs().max() <= 1
        assert made.std() > 1e-5


def test_it_runs_on_the_meta_device_at_full_size() -> None:
    with torch.device("meta"):
        network = DeepFillGenerator(DeepFillConfig())
        _, made = network(torch.zeros(1, 3, 1000, 900), torch.zeros(1, 1, 1000, 900))
    assert made.shape == (1, 3, 1000, 900)


def test_every_parameter_gets_a_gradient(inputs: Inputs) -> None:
    network = make()
    image, hole = inputs(64, 64)
    coarse, fine = network(image, hole)
    weight = torch.rand(2, 3, 64, 64)
    ((coarse + fine) * weight).sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_the_coarse_step_learns_from_the_fine_one(inputs: Inputs) -> None:
    network = make()
    _, fine = network(*inputs(64, 64))
    (fine * torch.rand(2, 3, 64, 64)).sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.coarse.parameters())


def test_what_is_under_the_hole_is_not_looked_at(inputs: Inputs) -> None:
    network = make().eval()
    image, hole = inputs(64, 64)
    with torch.inference_mode():
        made = network(image, hole)
        other = network(torch.where(hole > 0, 1 - image, image), hole > 0)
    for one, two in zip(made, other, strict=True):
        torch.testing.assert_close(one, two, rtol=0, atol=0)


def test_a_sample_does_not_depend_on_its_neighbours(inputs: Inputs) -> None:
    network = make().eval()
    image, hole = inputs(48, 40, batch=3)
    with torch.inference_mode():
        together = network(image, hole)[1]
        alone = network(image[2:], hole[2:])[1]
    torch.testing.assert_close(alone[0], together[2], rtol=0, atol=1e-5)


def test_the_gate_decides_what_passes() -> None:
    layer = GatedConv(1, 1)
    with torch.no_grad():
        layer.conv.weight.zero_()
        layer.conv.bias.copy_(torch.tensor([2.0, -100.0]))  # type: ignore[union-attr]
        assert layer(torch.ones(1, 1, 4, 4)).abs().max() < 1e-6
        layer.conv.bias.copy_(torch.tensor([2.0, 100.0]))  # type: ignore[union-attr]
        torch.testing.assert_close(layer(torch.ones(1, 1, 4, 4)), torch.full((1, 1, 4, 4), 2.0))


def test_an_image_that_is_all_hole_is_not_a_number_nowhere(inputs: Inputs) -> None:
    image, _ = inputs(32, 32)
    with torch.inference_mode():
        for made in make().eval()(image, torch.ones(2, 1, 32, 32)):
            assert torch.isfinite(made).all()


def test_arguments_out_of_range_are_refused() -> None:
    with pytest.raises(UsageError, match=r"must be a number from 0\.0625 to 4"):
        DeepFillConfig(width=9)
