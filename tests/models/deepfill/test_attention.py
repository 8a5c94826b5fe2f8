from __future__ import annotations

import pytest
import torch
from torch import Tensor

from changen_cli.models.deepfill.attention import ContextualAttention, matching_rate, propagate


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
                                expected[0, place_row, place_column, row, column] += scores[0, a, b, c, d]
    torch.testing.assert_close(propagate(scores), expected)


def effective_patches(attention: Tensor) -> Tensor:
    """1 / sum of squared shares of each place: N for a mean over N patches, 1 for a copy of one."""
    return 1 / attention.square().sum(2)


def test_few_patches_are_mixed() -> None:
    """Features that have nothing to do with each other: a place in the hole takes nearly all from the likest patch."""
    feature = torch.randn(2, 64, 64, 64, generator=torch.Generator().manual_seed(0))
    hole = torch.zeros(2, 1, 64, 64)
    hole[..., 24:40, 24:40] = 1
    attention = ContextualAttention().attend(feature, hole, 2)
    torch.testing.assert_close(attention.sum(2), torch.ones(2, 1024))
    inside = torch.nn.functional.max_pool2d(hole, 2).flatten(1) > 0
    assert effective_patches(attention)[inside].mean() < 3
    # known places find themselves
    assert effective_patches(attention)[~inside].median() == pytest.approx(1, abs=1e-3)


def test_stronger_features_mix_fewer_patches() -> None:
    """Which a query that is not normalised means; scores that were the cosine would not know of the strength."""
    feature = torch.randn(1, 16, 32, 32, generator=torch.Generator().manual_seed(0))
    hole = torch.zeros(1, 1, 32, 32)
    hole[..., 12:20, 12:20] = 1
    inside = torch.nn.functional.max_pool2d(hole, 2).flatten(1) > 0
    layer = ContextualAttention()
    mixed = [effective_patches(layer.attend(scale * feature, hole, 2))[inside].mean() for scale in (0.01, 0.1, 1)]
    assert mixed[0] > 100 > 20 > mixed[1] > mixed[2]


@pytest.mark.parametrize(("size", "rate"), [(1, 2), (64, 2), (128, 2), (129, 4), (256, 4), (1024, 16)])
def test_patches_grow_with_the_tile_so_that_memory_does_not(size: int, rate: int) -> None:
    assert matching_rate(size) == rate
