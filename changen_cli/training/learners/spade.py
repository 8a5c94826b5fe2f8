"""SPADE + GPCM (Table 1): P(I_t | S_t) by the losses of Park et al. 2019 (section 3, appendix A)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor, nn

from changen_cli.device import autocast
from changen_cli.models.layers import one_hot
from changen_cli.models.spade import MultiScaleDiscriminator, SpadeGenerator, feature_matching
from changen_cli.models.spade.arguments import SpadeArguments
from changen_cli.models.spade.vgg import SOURCE, WEIGHTS, Vgg19Features
from changen_cli.training import losses
from changen_cli.training.config.options import TrainConfig
from changen_cli.training.data.batch import TrainingBatch
from changen_cli.training.learners.adversarial import AdversarialLearner
from changen_cli.training.learners.base import StepResult, to_device
from changen_cli.weights.foreign import read_tensors, verify_file

Maps = list[list[Tensor]]
"""Feature maps of the discriminator, by scale; the last of each scale are its scores."""


class SpadeLearner(AdversarialLearner):
    """Hinge loss on patches at several scales, feature matching, and a perceptual loss.

    The published perceptual loss compares features of VGG-19; it does here where the recipe names its weights. Without
    them it compares those of the frozen EfficientNet-Lite0 (:func:`~changen_cli.training.losses.perceptual_loss`).

    Attributes:
        features: The frozen network, or None where the recipe gives the perceptual loss no weight.
    """

    columns: ClassVar[tuple[str, ...]] = ("g_hinge", "g_matching", "g_perceptual", "d_real", "d_fake")

    def __init__(self, config: TrainConfig, device: str, precision: torch.dtype) -> None:
        """Makes fresh networks; arguments as for :func:`~changen_cli.training.learners.make.make_learner`."""
        generator = to_device(SpadeGenerator(config.generator), device)
        discriminator = to_device(MultiScaleDiscriminator(config.discriminator), device)
        self.features: nn.Module | None = None
        self._compare: Callable[[list[Tensor], list[Tensor]], Tensor] = losses.perceptual_loss
        if config.arguments.vgg_weights is not None:
            self.features = to_device(_load_vgg(config.arguments), device)
            self._compare = partial(losses.weighted_l1, weights=WEIGHTS)
        elif config.arguments.perceptual > 0:
            from changen_cli.models.projected import Lite0Features  # needs the extra "train"

            self.features = to_device(Lite0Features(), device)
        super().__init__(config, precision, generator, [discriminator])

    def generator_loss(self, generator: nn.Module, batch: TrainingBatch) -> StepResult:
        """Synthesises S_t; the real image of S_t goes along through D, for its features."""
        (discriminator,) = self.discriminators
        config = self.config
        real = batch.pixels
        with autocast(real.device, self.precision):
            fake = generator(batch.before, batch.noise)
            maps = discriminator(torch.cat([real, fake]), self._conditions(batch))
            real_maps, fake_maps = _halves(maps)
            perceptual = fake.new_zeros(())
            if self.features is not None:
                with torch.no_grad():
                    seen = self.features(real)
                perceptual = self._compare(self.features(fake), seen)
        hinge = losses.hinge_generator([scale[-1] for scale in fake_maps])
        matching = feature_matching(fake_maps, real_maps)
        return StepResult(
            hinge + config.arguments.matching * matching + config.arguments.perceptual * perceptual,
            {"g_hinge": hinge.detach(), "g_matching": matching.detach(), "g_perceptual": perceptual.detach()},
            (fake.detach(),),
        )

    def discriminator_loss(
        self, discriminators: Sequence[nn.Module], batch: TrainingBatch, *made: Tensor
    ) -> StepResult:
        """The hinge of real and synthesised images of one layout, in one call."""
        (discriminator,) = discriminators
        with autocast(batch.image.device, self.precision):
            maps = discriminator(torch.cat([batch.pixels, *made]), self._conditions(batch))
        real_maps, fake_maps = _halves(maps)
        real = losses.hinge_real([scale[-1] for scale in real_maps])
        synthesised = losses.hinge_fake([scale[-1] for scale in fake_maps])
        return StepResult(real + synthesised, {"d_real": real.detach(), "d_fake": synthesised.detach()})

    def _conditions(self, batch: TrainingBatch) -> Tensor:
        condition = one_hot(batch.before, self.config.classes)
        return torch.cat([condition, condition])

    @torch.inference_mode()
    def predict(self, batch: TrainingBatch) -> Tensor:
        """Predicts G(S_t+1, z)."""
        made: Tensor = self.ema.network(batch.after, batch.noise)
        return made


def _load_vgg(arguments: SpadeArguments) -> Vgg19Features:
    """Loads the weights that the recipe names.

    Raises:
        WeightsError: If the file is missing, has another SHA-256, or holds no weights of VGG-19.
    """
    path = Path(str(arguments.vgg_weights))
    verify_file(path, arguments.vgg_sha256, SOURCE)
    return Vgg19Features(read_tensors(path, SOURCE))


def _halves(maps: Maps) -> tuple[Maps, Maps]:
    """Parts the maps of real and synthesised images that went through D together."""
    first = [[m.chunk(2)[0] for m in scale] for scale in maps]
    return first, [[m.chunk(2)[1] for m in scale] for scale in maps]
