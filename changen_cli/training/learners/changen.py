"""Changen: bitemporal adversarial learning (Algorithm 1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from changen_cli.device import autocast
from changen_cli.models.changen import ChangenGenerator
from changen_cli.models.layers import one_hot
from changen_cli.models.oasis import SegmentationDiscriminator
from changen_cli.training import losses
from changen_cli.training.config.options import TrainConfig
from changen_cli.training.data.batch import TrainingBatch
from changen_cli.training.learners.adversarial import AdversarialLearner
from changen_cli.training.learners.base import StepResult, to_device


class ChangenLearner(AdversarialLearner):
    """P(I_t+1 | S_t+1, I_t): G against the segmentation discriminator and, with ``projected``, the projected heads.

    The real pair is (I_t, S_t), the fake pair (I~_t+1, S_t+1), since there is no real I_t+1.
    """

    columns: ClassVar[tuple[str, ...]] = (
        "g_segmentation", "g_projected", "d_real", "d_fake", "d_projected", "d_real_right", "d_fake_right",
    )  # fmt: skip
    balances: ClassVar[bool] = True

    def __init__(self, config: TrainConfig, device: str, precision: torch.dtype) -> None:
        """Makes fresh networks; arguments as for :func:`~changen_cli.training.learners.make.make_learner`."""
        generator = to_device(ChangenGenerator(config.generator), device)
        discriminators: list[nn.Module] = [to_device(SegmentationDiscriminator(config.discriminator), device)]
        if config.arguments.projected > 0:
            from changen_cli.models.projected import ProjectedDiscriminator  # needs the extra "train"

            discriminators.append(to_device(ProjectedDiscriminator(config.classes), device))
        super().__init__(config, precision, generator, discriminators)

    def generator_loss(self, generator: nn.Module, batch: TrainingBatch) -> StepResult:
        """Lines 4 and 5: synthesises, and wants every pixel read as its class of S_t+1."""
        discriminator, *projected = self.discriminators
        with autocast(batch.image.device, self.precision):
            fake = generator(batch.pixels, batch.before, batch.after, batch.noise)
            logits = discriminator(fake)
            scores = [head for p in projected for head in p(fake, one_hot(batch.after, self.config.classes))]
        _, after = self.balance(batch)
        weights = losses.change_weights(batch.before, batch.after, self.config.arguments.changed)
        segmentation = losses.labelled_loss(logits, batch.after, weights=after, pixels=weights)
        hinge = losses.hinge_generator(scores) if scores else segmentation.new_zeros(())
        return StepResult(
            segmentation + self.config.arguments.projected * hinge,
            {"g_segmentation": segmentation.detach(), "g_projected": hinge.detach()},
            (fake.detach(), batch.after, weights),
        )

    def discriminator_loss(
        self, discriminators: Sequence[nn.Module], batch: TrainingBatch, *made: Tensor
    ) -> StepResult:
        """Line 6. One call for real and synthesised keeps the power iteration of spectral norm the same for both.

        Args:
            discriminators: What to call for them.
            batch: The part of the mini-batch, with the real pairs (I_t, S_t).
            *made: I~_t+1, the S_t+1 that it was made for, and the weights of its pixels.
        """
        discriminator, *projected = discriminators
        fake, layout, weights = made
        classes = self.config.classes
        both = torch.cat([batch.pixels, fake])
        with autocast(both.device, self.precision):
            logits = discriminator(both)
            layouts = torch.cat([batch.before, layout])
            scores = [head for p in projected for head in p(both, one_hot(layouts, classes))]
        real_logits, fake_logits = logits.chunk(2)
        before, _ = self.balance(batch)
        real = losses.labelled_loss(real_logits, batch.before, weights=before)
        synthesised = losses.synthesised_loss(fake_logits, weights)
        heads = real.new_zeros(())
        if scores:
            first, second = zip(*(s.chunk(2) for s in scores), strict=True)
            heads = losses.hinge_real(first) + losses.hinge_fake(second)
        with torch.no_grad():
            scalars = {
                "d_real": real.detach(),
                "d_fake": synthesised.detach(),
                "d_projected": heads.detach(),
                "d_real_right": (real_logits.argmax(1) == batch.before).float().mean(),
                "d_fake_right": (fake_logits.argmax(1) == classes).float().mean(),
            }
        return StepResult(real + synthesised + heads, scalars)

    @torch.inference_mode()
    def predict(self, batch: TrainingBatch) -> Tensor:
        """Predicts I~_t+1."""
        made: Tensor = self.ema.network(batch.pixels, batch.before, batch.after, batch.noise)
        return made
