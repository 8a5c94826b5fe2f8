"""The change generator as a synthesizer: I_t+1 = G(S_t+1, I_t, S_t, z), equation (3)."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor

from changen_cli.device import DTYPES, autocast
from changen_cli.errors import UsageError
from changen_cli.synthesis.base import Batch, SynthesizerSettings
from changen_cli.weights.card import DEFAULT
from changen_cli.weights.load import load_generator


class ChangenSynthesizer:
    """Runs a pretrained :class:`~changen_cli.models.changen.ChangenGenerator`.

    Attributes:
        noise_dim: Length of z, as the weights have it.
    """

    name: ClassVar[str] = "changen"

    def __init__(self, settings: SynthesizerSettings) -> None:
        """Loads the generator.

        Args:
            settings: Weights, device and precision.

        Raises:
            WeightsError: If the weights are missing, damaged or made for another architecture.
        """
        self.generator, self.card = load_generator(settings.weights or DEFAULT, settings.device)
        self.device = torch.device(settings.device)
        self.dtype = DTYPES[settings.precision]
        self.noise_dim = self.generator.config.noise_dim

    def synthesize(self, batch: Batch) -> Tensor:
        """Synthesises one step of a batch.

        On the CPU the samples go one by one: oneDNN chooses kernels, and with them the order of sums, by batch size,
        so a sample's bytes would depend on its neighbours, and a batch is no faster there.

        Args:
            batch: One step of B samples.

        Returns:
            I_t+1, uint8 [B, 3, H, W].

        Raises:
            UsageError: If a layout has a class that the generator was not trained for.
        """
        largest = batch.largest_class
        self.check_classes(int(torch.maximum(batch.before.max(), batch.after.max())) if largest is None else largest)
        size = 1 if self.device.type == "cpu" else len(batch.image)
        parts = [self._forward(batch, slice(i, i + size)) for i in range(0, len(batch.image), size)]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    @torch.inference_mode()
    def _forward(self, batch: Batch, part: slice) -> Tensor:
        image = batch.image[part].float().div_(127.5).sub_(1).contiguous(memory_format=torch.channels_last)
        with autocast(self.device, self.dtype):
            made = self.generator(image, batch.before[part], batch.after[part], batch.noise[part])
        pixels: Tensor = made.float().add_(1).mul_(127.5).round_().clamp_(0, 255).to(torch.uint8)
        return pixels

    def check_classes(self, largest: int) -> None:
        """Refuses layouts with classes that the generator does not know.

        Args:
            largest: Largest class value in the layouts.

        Raises:
            UsageError: If it is not below the generator's number of classes.
        """
        if largest >= self.generator.config.classes:
            raise UsageError(
                f"a footprint has class {largest}, but the weights {self.card.name!r} know classes 1 to "
                f"{self.generator.config.classes - 1}; use weights trained for it (--weights), or give the footprints "
                "and --event-option create.category a class that they know"
            )

    def describe(self) -> dict[str, Any]:
        """Returns name, SHA-256, licence and attribution of the weights."""
        return {
            "name": self.name,
            "weights": self.card.name,
            "sha256": self.card.sha256,
            "licence": self.card.licence,
            "attribution": self.card.attribution,
        }
