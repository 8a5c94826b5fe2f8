from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch.nn import functional as F

from changen_cli.training import losses


def weigh(mask: torch.Tensor, classes: int) -> torch.Tensor:
    return losses.class_weights(torch.stack([(mask == c).sum() for c in range(classes)]).float())


def test_class_weights_by_hand() -> None:
    """12 of 16 pixels are ground, 4 are building: 16 / (2 x 12) and 16 / (2 x 4); "synthesised" weighs 1."""
    mask = torch.zeros(1, 4, 4, dtype=torch.uint8)
    mask[0, 0] = 1
    assert weigh(mask, 2).tolist() == pytest.approx([2 / 3, 2, 1])


def test_absent_classes_weigh_nothing_and_take_nothing_from_the_others() -> None:
    mask = torch.tensor([[[0, 0, 0, 2]]], dtype=torch.uint8)
    assert weigh(mask, 4).tolist() == pytest.approx([4 / 6, 0, 2, 0, 1])
    assert weigh(torch.zeros(1, 2, 2, dtype=torch.uint8), 2).tolist() == [1, 0, 1]


def test_every_class_weighs_the_same_in_the_sum_over_pixels() -> None:
    mask = torch.randint(0, 3, (2, 31, 17), dtype=torch.uint8)
    weights = weigh(mask, 3)
    shares = [float(weights[c] * (mask == c).sum()) for c in range(3)]
    assert shares == pytest.approx([mask.numel() / 3] * 3)


def test_class_weights_are_those_of_a_histogram() -> None:
    mask = torch.randint(0, 2, (8, 128, 128), dtype=torch.uint8)
    counts = torch.bincount(mask.flatten().long(), minlength=2).float()
    assert torch.equal(weigh(mask, 2)[:2], counts.sum() / (2 * counts))


def test_labelled_loss_by_hand() -> None:
    """Two pixels, three outputs: ground seen with p = 1/2, building with p = 1/4."""
    probabilities = torch.tensor([[0.5, 0.25], [0.3, 0.25], [0.2, 0.5]])
    logits = probabilities.log().view(1, 3, 1, 2) + 3.7  # softmax takes a constant away
    mask = torch.tensor([[[0, 1]]], dtype=torch.uint8)
    plain = (math.log(2) + math.log(4)) / 2
    assert float(losses.labelled_loss(logits, mask)) == pytest.approx(plain)
    # one pixel of each class: weights are 2 / (2 x 1) = 1
    assert float(losses.labelled_loss(logits, mask, weights=weigh(mask, 2))) == pytest.approx(plain)


def test_balanced_labelled_loss_by_hand() -> None:
    """Three pixels of ground, one of building: weights 2/3 and 2, and a mean over pixels, not over weights."""
    logits = torch.zeros(1, 3, 2, 2)
    logits[0, 1] = 1.0
    mask = torch.tensor([[[0, 0], [0, 1]]], dtype=torch.uint8)
    total = math.log(2 + math.e)
    expected = (3 * (2 / 3) * total + 2 * (total - 1)) / 4
    assert float(losses.labelled_loss(logits, mask, weights=weigh(mask, 2))) == pytest.approx(expected)


def test_synthesised_is_the_last_class() -> None:
    logits = torch.zeros(2, 3, 4, 4)
    logits[:, 2] = 20
    assert float(losses.synthesised_loss(logits)) == pytest.approx(0, abs=1e-6)
    assert float(losses.synthesised_loss(torch.zeros(2, 3, 4, 4))) == pytest.approx(math.log(3))
    for other in (0, 1):
        logits = torch.zeros(2, 3, 4, 4)
        logits[:, other] = 20
        assert float(losses.synthesised_loss(logits)) == pytest.approx(20, abs=1e-3)


def test_the_generator_wants_the_layout_and_not_synthesised() -> None:
    mask = torch.ones(1, 4, 4, dtype=torch.uint8)
    logits = torch.zeros(1, 3, 4, 4, requires_grad=True)
    losses.labelled_loss(logits, mask, weights=weigh(mask, 2)).backward()
    assert logits.grad is not None
    assert (logits.grad[0, 1] < 0).all()
    assert (logits.grad[0, [0, 2]] > 0).all()


def test_hinges_by_hand() -> None:
    scores = [torch.tensor([2.0, 0.5, -1.0]), torch.tensor([-3.0])]
    assert float(losses.hinge_real(scores)) == pytest.approx(((0 + 0.5 + 2) / 3 + 4) / 2)
    assert float(losses.hinge_fake(scores)) == pytest.approx(((3 + 1.5 + 0) / 3 + 0) / 2)
    assert float(losses.hinge_generator(scores)) == pytest.approx(-((1.5 / 3) - 3) / 2)


def test_changed_ground_can_weigh_more() -> None:
    before = torch.tensor([[[0, 1], [1, 0]]], dtype=torch.uint8)
    after = torch.tensor([[[0, 1], [0, 1]]], dtype=torch.uint8)
    pixels = losses.change_weights(before, after, 3.0)
    assert pixels.tolist() == [[[1, 1], [3, 3]]]
    logits = torch.randn(1, 3, 2, 2)
    each = torch.nn.functional.cross_entropy(logits, after.long(), reduction="none")
    expected = float((each[0, 0].sum() + 3 * each[0, 1].sum()) / 4)
    assert float(losses.labelled_loss(logits, after, pixels=pixels)) == pytest.approx(expected)
    ones = losses.change_weights(before, after, 1.0)
    by_pixels: tuple[Callable[[torch.Tensor | None], torch.Tensor], ...] = (
        lambda p: losses.labelled_loss(logits, after, weights=weigh(after, 2), pixels=p),
        lambda p: losses.synthesised_loss(logits, p),
    )
    for loss in by_pixels:
        assert float(loss(ones)) == pytest.approx(float(loss(None)))
        assert float(loss(pixels)) > float(loss(None))


def test_weighted_differences_of_levels_by_hand() -> None:
    real = [torch.zeros(1, 2, 4, 4), torch.zeros(2, 3, 2, 2)]
    fake = [torch.full((1, 2, 4, 4), 3.0), torch.full((2, 3, 2, 2), -8.0)]
    assert float(losses.weighted_l1(fake, real, (0.5, 0.25))) == pytest.approx(0.5 * 3 + 0.25 * 8)


def test_perceptual_loss() -> None:
    real = [torch.ones(1, 2, 4, 4), 100 * torch.ones(1, 3, 2, 2)]
    assert float(losses.perceptual_loss(real, real)) == 0
    assert float(losses.perceptual_loss([1.5 * r for r in real], real)) == pytest.approx(
        0.5
    )  # every level counts alike


def test_a_yes_or_no_is_compared_sample_by_sample() -> None:
    draw = torch.Generator().manual_seed(0)
    logits = torch.randn(3, 8, 8, generator=draw)
    target = (torch.rand(3, 8, 8, generator=draw) > 0.7).to(torch.uint8)
    valid = torch.ones(3, 8, 8, dtype=torch.bool)
    valid[1, :4] = False
    valid[2] = False
    entropy, dice = losses.binary_losses(logits, target, valid)
    assert entropy.shape == dice.shape == (3,)
    known = F.binary_cross_entropy_with_logits(logits[1, 4:], target[1, 4:].float())
    assert float(entropy[1]) == pytest.approx(float(known))
    p, y = logits[0].sigmoid(), target[0].float()
    assert float(dice[0]) == pytest.approx(float(1 - (2 * (p * y).sum() + 1) / (p.sum() + y.sum() + 1)))
    assert (float(entropy[2]), float(dice[2])) == (0, 0)
    alone = losses.binary_losses(logits[1:2], target[1:2], valid[1:2])
    assert float(alone[1]) == pytest.approx(float(dice[1]))


def test_colour_distances_count_only_looks_that_were_read_and_regions_that_are_there() -> None:
    real = torch.arange(4.0).view(1, 4, 1).repeat(2, 1, 6)
    made = torch.zeros(2, 4, 6)
    sizes = torch.tensor([[5.0, 5.0, 5.0, 0.0]] * 2)
    source = torch.tensor([[0, 2, -1, 1], [0, 1, 3, -1]])
    # sample 0: 0 to 0, 1 to 2; 2 is drawn, 3 is not there. Sample 1: 0 to 0, 1 to 1; what lends to 2 is not there
    found = losses.colour_distances((made, sizes), (real, sizes), source)
    assert float(found) == pytest.approx(((0 + 2) / 2 + (0 + 1) / 2) / 2)
    none = losses.colour_distances((made, sizes), (real, sizes), torch.full((2, 4), -1))
    assert float(none) == 0
