"""One iteration of Algorithm 1: the generator once, the discriminator once."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from changen_cli.device import autocast
from changen_cli.models.layers import normalized_once, one_hot
from changen_cli.training import losses
from changen_cli.training.batch import TrainingBatch
from changen_cli.training.config import TrainConfig


@dataclass(frozen=True, slots=True)
class Players:
    """The networks and their optimizers.

    Attributes:
        generator: G.
        discriminator: D, the segmentation discriminator.
        projected: The optional projected discriminator, or None.
        generator_optimizer: Of G.
        discriminator_optimizer: Of D and of the projected heads.
    """

    generator: nn.Module
    discriminator: nn.Module
    projected: nn.Module | None
    generator_optimizer: Optimizer
    discriminator_optimizer: Optimizer

    def judges(self) -> list[nn.Module]:
        """D, and the projected discriminator if there is one."""
        return [self.discriminator] if self.projected is None else [self.discriminator, self.projected]


def train_step(
    players: Players, batch: TrainingBatch, config: TrainConfig, precision: torch.dtype
) -> dict[str, Tensor]:
    """Does lines 4 to 6 of Algorithm 1.

    Args:
        players: Networks and optimizers; updated.
        batch: The mini-batch.
        config: Loss weights.
        precision: ``torch.bfloat16`` for autocast, ``torch.float32`` without.

    Returns:
        Scalars by name (losses, and the pixel accuracies of D), detached.
    """
    device = batch.image.device
    classes = config.generator.classes
    condition_before = one_hot(batch.before, classes)
    condition_after = one_hot(batch.after, classes)
    pixels = losses.change_weights(batch.before, batch.after, config.changed)

    # line 4 and 5: synthesise, update the generator once. D only passes gradients on, so it needs none of its own.
    for judge in players.judges():
        judge.requires_grad_(False)
    with normalized_once(players.generator, *players.judges()):
        with autocast(device, precision):
            fake = players.generator(batch.image, batch.before, batch.after, batch.noise)
            logits = players.discriminator(fake)
            scores = players.projected(fake, condition_after) if players.projected is not None else None
        segmentation = losses.labelled_loss(logits, batch.after, balance=config.balance, pixels=pixels)
        projected = losses.hinge_generator(scores) if scores is not None else segmentation.new_zeros(())
        players.generator_optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(segmentation + config.projected * projected)
    players.generator_optimizer.step()

    # line 6: the real pair is (I_t, S_t), since there is no real I_t+1. One call for both keeps the power iteration of
    # spectral norm the same for both.
    for judge in players.judges():
        judge.requires_grad_(True)
    if players.projected is not None:
        players.projected.get_submodule("features").requires_grad_(False)
    fake = fake.detach()
    with normalized_once(*players.judges()):
        with autocast(device, precision):
            both = torch.cat([batch.image, fake])
            logits = players.discriminator(both)
            if players.projected is not None:
                scores = players.projected(both, torch.cat([condition_before, condition_after]))
        real_logits, fake_logits = logits.chunk(2)
        real = losses.labelled_loss(real_logits, batch.before, balance=config.balance)
        synthesised = losses.synthesised_loss(fake_logits, pixels)
        total = real + synthesised
        heads = total.new_zeros(())
        if scores is not None:
            heads = losses.hinge_real([s.chunk(2)[0] for s in scores]) + losses.hinge_fake(
                [s.chunk(2)[1] for s in scores]
            )
            total = total + heads
        players.discriminator_optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(total)
    players.discriminator_optimizer.step()

    with torch.no_grad():
        return {
            "g_segmentation": segmentation.detach(),
            "g_projected": projected.detach(),
            "d_real": real.detach(),
            "d_fake": synthesised.detach(),
            "d_projected": heads.detach(),
            "d_real_right": (real_logits.argmax(1) == batch.before).float().mean(),
            "d_fake_right": (fake_logits.argmax(1) == classes).float().mean(),
        }
