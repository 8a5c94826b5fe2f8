"""What synthesizers that run a pretrained network have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Generic, TypeVar

import torch
from torch import Tensor, nn

from changen_cli.device import DTYPES, autocast
from changen_cli.errors import UsageError, WeightsError
from changen_cli.synthesis.base import Batch, SynthesizerSettings
from changen_cli.weights.card import Card, find_weights
from changen_cli.weights.load import load_network

Network = TypeVar("Network", bound=nn.Module)


class NetworkSynthesizer(ABC, Generic[Network]):
    """Runs a pretrained network over batches: in its precision, sample by sample on the CPU, bytes in and out.

    Attributes:
        generator: The network.
        card: Its weights card.
        noise_dim: Length of z.
        classes: Classes that the network knows, background included; None where it does not look at classes.
    """

    name: ClassVar[str]

    def __init__(
        self, settings: SynthesizerSettings, generator: Network, card: Card, noise_dim: int, classes: int | None
    ) -> None:
        """Keeps the network.

        Args:
            settings: Device and precision.
            generator: The network, on the device.
            card: Its weights card.
            noise_dim: Length of z.
            classes: Classes that the network knows, background included; None where it does not look at classes.
        """
        self.generator, self.card = generator, card
        self.device = torch.device(settings.device)
        self.dtype = DTYPES[settings.precision]
        self.noise_dim, self.classes = noise_dim, classes

    @abstractmethod
    def _run(self, image: Tensor, before: Tensor, after: Tensor, noise: Tensor) -> Tensor:
        """Runs the network.

        Args:
            image: I_t, float32 [B, 3, H, W] in -1..1, channels last.
            before: S_t, uint8 [B, H, W].
            after: S_t+1, uint8 [B, H, W].
            noise: z, float32 [B, noise_dim].

        Returns:
            Float [B, 3, H, W] in -1..1.
        """

    def synthesize(self, batch: Batch) -> Tensor:
        """Synthesises one step of a batch.

        On the CPU the samples go one by one: oneDNN chooses kernels, and with them the order of sums, by batch size,
        so a sample's bytes would depend on its neighbours, and a batch is no faster there.

        Args:
            batch: One step of B samples.

        Returns:
            I_t+1, uint8 [B, 3, H, W].

        Raises:
            UsageError: If a layout has a class that the network was not trained for, or a change cannot be shown.
        """
        largest = batch.largest_class
        if self.classes is not None:
            self.check_classes(
                int(torch.maximum(batch.before.max(), batch.after.max())) if largest is None else largest
            )
        size = 1 if self.device.type == "cpu" else len(batch.image)
        parts = [self._forward(batch, slice(i, i + size)) for i in range(0, len(batch.image), size)]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    @torch.inference_mode()
    def _forward(self, batch: Batch, part: slice) -> Tensor:
        image = batch.image[part].float().div_(127.5).sub_(1).contiguous(memory_format=torch.channels_last)
        with autocast(self.device, self.dtype):
            made = self._run(image, batch.before[part], batch.after[part], batch.noise[part])
        pixels: Tensor = made.float().add_(1).mul_(127.5).round_().clamp_(0, 255).to(torch.uint8)
        return pixels

    def check_classes(self, largest: int) -> None:
        """Refuses layouts with classes that the network does not know.

        Args:
            largest: Largest class value in the layouts.

        Raises:
            UsageError: If it is not below the network's number of classes.
        """
        if self.classes is not None and largest >= self.classes:
            raise UsageError(
                f"a footprint has class {largest}, but the weights {self.card.name!r} know classes 1 to "
                f"{self.classes - 1}; use weights trained for it (--weights), or give the footprints "
                "and --event-option create.category a class that they know"
            )

    def as_manifest(self) -> dict[str, Any]:
        """Returns name, SHA-256, licence and attribution of the weights."""
        return {
            "name": self.name,
            "weights": self.card.name,
            "sha256": self.card.sha256,
            "licence": self.card.licence,
            "attribution": self.card.attribution,
        }


def load_compared(settings: SynthesizerSettings, architecture: str, kind: type[Network]) -> tuple[Network, Card]:
    """Loads the network of one of the systems that changen is compared with.

    Args:
        settings: Weights and device. Without weights those with the architecture's own name are taken.
        architecture: Name of the architecture, which is also that of the synthesizer.
        kind: Class of the network.

    Returns:
        The network, ready to use, and its weights card.

    Raises:
        WeightsError: If there are no such weights (none come with changen; the message says how to train them), or they
            are damaged or made for another architecture.
    """
    weights = settings.weights or architecture
    try:
        find_weights(weights)
    except WeightsError as error:
        if settings.weights is not None:
            raise
        raise WeightsError(
            f"{error}. None come with changen for --synthesizer {architecture}: train them with changen train --model "
            f"{architecture}, pack them with changen weights pack, and name them with --weights"
        ) from error
    generator, card = load_network(weights, settings.device, architecture)
    assert isinstance(generator, kind), "the registry says so"
    return generator, card
