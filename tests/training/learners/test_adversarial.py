from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from changen_cli.reports.pictures import CREATED, REMOVED
from changen_cli.training.config.options import parse_config
from changen_cli.training.data.batch import TrainingBatch, make_batch
from changen_cli.training.data.crops import Crop
from changen_cli.training.data.samplers import make_samplers
from changen_cli.training.learners.adversarial import AdversarialLearner
from changen_cli.training.learners.base import StepResult
from changen_cli.training.validation.quality import QualityValidation
from tests.training.tiny import GANS, tiny_batch, tiny_gan


class Negative(AdversarialLearner):
    """Predicts -I_t, and where S_t+1 has a building, white; its two networks are a number each."""

    columns: ClassVar[tuple[str, ...]] = ("g", "d")

    def generator_loss(self, generator: nn.Module, batch: TrainingBatch) -> StepResult:
        assert not any(p.requires_grad for d in self.discriminators for p in d.parameters())
        loss = generator(torch.ones(1)).sum()
        return StepResult(loss, {"g": loss.detach()}, (batch.pixels,))

    def discriminator_loss(
        self, discriminators: Sequence[nn.Module], batch: TrainingBatch, *made: Tensor
    ) -> StepResult:
        assert torch.equal(made[0], batch.pixels)
        loss = discriminators[0](torch.ones(1)).sum()
        return StepResult(loss, {"d": loss.detach()})

    def predict(self, batch: TrainingBatch) -> Tensor:
        return torch.where(batch.after[:, None] > 0, torch.ones_like(batch.pixels), -batch.pixels)


def make_learner(tiny_recipe: dict[str, Any]) -> Negative:
    config = parse_config(tiny_recipe | {"betas": [0.0, 0.9], "lr_generator": 0.25, "lr_discriminator": 0.5})
    return Negative(config, torch.float32, nn.Linear(1, 1, bias=False), [nn.Linear(1, 1, bias=False)])


def make_samples() -> list[Crop]:
    draw = np.random.default_rng(0)
    samples = []
    for _ in range(3):
        image = draw.integers(0, 256, (3, 32, 32)).astype(np.uint8)
        before, after = np.zeros((2, 32, 32), np.uint8)
        before[2:8, 2:8], after[20:28, 20:30] = 1, 1
        uids = np.stack([before, after]).astype(np.int32)
        samples.append(Crop(image, np.ones((32, 32), np.bool_), before, after, uids))
    return samples


def test_generator_and_discriminators_step_in_turn(tiny_recipe: dict[str, Any]) -> None:
    learner = make_learner(tiny_recipe)
    before = [float(next(n.parameters()).detach()) for n in learner.networks]
    batch = make_batch(make_samples(), torch.zeros(3, 4))
    scalars = learner.step(*batch.parts(2))
    after = [float(next(n.parameters()).detach()) for n in learner.networks]
    # the first step of Adam is as long as the rate
    assert [a - b for a, b in zip(before, after, strict=True)] == pytest.approx([0.25, 0.5], rel=1e-5)
    assert list(scalars) == ["g", "d"]
    assert all(p.requires_grad for d in learner.discriminators for p in d.parameters())


def test_the_state_is_given_back(tiny_recipe: dict[str, Any]) -> None:
    learner, other = make_learner(tiny_recipe), make_learner(tiny_recipe)
    learner.step(make_batch(make_samples(), torch.zeros(3, 4)))
    learner.update_ema(1)
    other.restore(learner.state())
    for a, b in zip((*learner.networks, learner.ema.network), (*other.networks, other.ema.network), strict=True):
        assert torch.equal(next(a.parameters()), next(b.parameters()))


def test_a_row_shows_four_pictures(tiny_recipe: dict[str, Any]) -> None:
    samples = make_samples()
    for row, sample in zip(make_learner(tiny_recipe).show(samples, torch.zeros(3, 4)), samples, strict=True):
        image, before, after, made = (cell for cell in row if cell is not None)
        assert np.array_equal(image, sample.image.transpose(1, 2, 0))
        assert (before[2:8, 2:8] == REMOVED).all()
        assert (after[20:28, 20:30] == CREATED).all()
        assert (made[20:28, 20:30] == 255).all()
        assert np.array_equal(made[:16], 255 - image[:16])


@pytest.mark.parametrize("model", GANS)
def test_networks_move_in_their_own_step_alone(model: str, recipe: Callable[..., dict[str, Any]]) -> None:
    config = parse_config(recipe(model))
    learner = tiny_gan(config)
    states: list[tuple[Tensor, Tensor]] = []

    def snapshot(*_: object) -> None:
        networks = (learner.generator, learner.discriminators[0])
        first, second = (torch.cat([p.detach().flatten() for p in n.parameters()]) for n in networks)
        states.append((first, second))

    for optimizer in learner.optimizers:
        optimizer.register_step_pre_hook(snapshot)
        optimizer.register_step_post_hook(snapshot)
    learner.step(tiny_batch(config.noise_dim))
    before_g, after_g, before_d, after_d = states
    assert not torch.equal(before_g[0], after_g[0])
    assert torch.equal(before_g[1], after_g[1])
    assert torch.equal(before_d[0], after_d[0])
    assert not torch.equal(before_d[1], after_d[1])


def test_synthesised_images_are_what_it_is_validated_by(recipe: Callable[..., dict[str, Any]]) -> None:
    config = parse_config(recipe("oasis", validation_crops=4, segmenter=""))
    validator = tiny_gan(config).validator(make_samplers(config).shown)
    assert isinstance(validator, QualityValidation)
    assert "removed_structure" in validator.columns
