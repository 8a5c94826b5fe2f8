from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from changen_cli.errors import UsageError
from changen_cli.models.deepfill import (
    DeepFillConfig,
    DeepFillGenerator,
    HoleDiscriminator,
    HoleDiscriminatorConfig,
)
from changen_cli.models.deepfill.attention import ContextualAttention, _propagate, matching_rate
from changen_cli.models.deepfill.generator import GatedConv

TINY = DeepFillConfig(width=1 / 12)
PUBLISHED = 4.1e6


def make() -> DeepFillGenerator:
    torch.manual_seed(0)
    return DeepFillGenerator(TINY)


def inputs(height: int, width: int, batch: int = 2) -> tuple[Tensor, Tensor]:
    draw = torch.Generator().manual_seed(1)
    hole = torch.zeros(batch, 1, height, width)
    hole[:, :, height // 4 : height // 2, width // 4 : width // 2] = 1
    return torch.rand(batch, 3, height, width, generator=draw) * 2 - 1, hole


def parameters(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def test_parameters_as_published() -> None:
    with torch.device("meta"):
        network = DeepFillGenerator(DeepFillConfig())
    assert parameters(network) == pytest.approx(4.05e6, rel=0.002)
    assert parameters(network) == pytest.approx(PUBLISHED, rel=0.02)


@pytest.mark.parametrize("size", [(16, 16), (17, 40), (33, 65), (128, 96)])
def test_outputs_have_the_size_of_the_image_and_lie_in_range(size: tuple[int, int]) -> None:
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


def test_every_parameter_gets_a_gradient() -> None:
    network = make()
    image, hole = inputs(64, 64)
    coarse, fine = network(image, hole)
    weight = torch.rand(2, 3, 64, 64)
    ((coarse + fine) * weight).sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_the_coarse_step_learns_from_the_fine_one() -> None:
    network = make()
    _, fine = network(*inputs(64, 64))
    (fine * torch.rand(2, 3, 64, 64)).sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.coarse.parameters())


def test_what_is_under_the_hole_is_not_looked_at() -> None:
    network = make().eval()
    image, hole = inputs(64, 64)
    with torch.inference_mode():
        made = network(image, hole)
        other = network(torch.where(hole > 0, 1 - image, image), hole > 0)
    for one, two in zip(made, other, strict=True):
        torch.testing.assert_close(one, two, rtol=0, atol=0)


def test_a_sample_does_not_depend_on_its_neighbours() -> None:
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


def test_attention_borrows_known_patches_that_look_alike() -> None:
    """Left and right halves differ; a hole in the left one is filled from the left, though its middle is unknown."""
    torch.manual_seed(0)
    left, right = torch.randn(8, 1, 1), torch.randn(8, 1, 1)
    feature = torch.cat([left.expand(8, 32, 16), right.expand(8, 32, 16)], 2)[None]
    hole = torch.zeros(1, 1, 32, 32)
    hole[..., 12:20, 4:10] = 1
    layer = ContextualAttention(sharpness=50)
    made = layer(feature, hole, 2)
    middle = made[0, :, 14:18, 6:8]
    torch.testing.assert_close(middle, left.expand_as(middle), rtol=0, atol=0.05)


def test_nothing_comes_from_inside_the_hole() -> None:
    feature = torch.rand(1, 4, 16, 16)
    hole = torch.zeros(1, 1, 16, 16)
    hole[..., 6:10, 6:10] = 1
    feature[..., 5:11, 5:11] += 1000  # the hole and its neighbourhood, which no known patch reaches into
    assert ContextualAttention()(feature, hole, 2).max() <= 1
    assert ContextualAttention()(feature, torch.zeros_like(hole), 2).max() > 100


def test_an_image_that_is_all_hole_is_not_a_number_nowhere() -> None:
    image, _ = inputs(32, 32)
    with torch.inference_mode():
        for made in make().eval()(image, torch.ones(2, 1, 32, 32)):
            assert torch.isfinite(made).all()


def test_propagation_sums_along_both_diagonals() -> None:
    torch.manual_seed(0)
    scores = torch.rand(1, 3, 4, 3, 4)
    expected = torch.zeros_like(scores)
    for place_row in range(3):
        for place_column in range(4):
            for row in range(3):
                for column in range(4):
                    for dr in (-1, 0, 1):
                        for dc in (-1, 0, 1):
                            a, b, c, d = place_row + dr, place_column + dc, row + dr, column + dc
                            if 0 <= a < 3 and 0 <= c < 3 and 0 <= b < 4 and 0 <= d < 4:
                                expected[0, place_row, place_column, row, column] += scores[0, a, b, c, d] / 9
    torch.testing.assert_close(_propagate(scores), expected)


@pytest.mark.parametrize(("size", "rate"), [(1, 2), (64, 2), (128, 2), (129, 4), (256, 4), (1024, 16)])
def test_patches_grow_with_the_tile_so_that_memory_does_not(size: int, rate: int) -> None:
    assert matching_rate(size) == rate


def test_the_discriminator_scores_every_place_and_looks_at_the_hole() -> None:
    torch.manual_seed(0)
    network = HoleDiscriminator(HoleDiscriminatorConfig(width=1 / 16))
    image, hole = inputs(128, 100)
    scores = network(image, hole)
    assert scores.shape == (2, 16, 2, 2)
    assert (network(image, 1 - hole) - scores).abs().max() > 1e-4
    F.relu(1 - scores).mean().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name


def test_arguments_that_make_no_sense() -> None:
    with pytest.raises(UsageError, match=r"must be a number from 0\.0625 to 4"):
        DeepFillConfig(width=9)
    with pytest.raises(UsageError, match=r"must be a number from 0\.0625 to 4"):
        HoleDiscriminatorConfig(width=0)
