"""What synthesizers that run a pretrained network have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import ClassVar, Generic, TypeVar

import torch
from torch import Tensor, nn

from changen_cli.device import DTYPES, autocast
from changen_cli.models.base import Model
from changen_cli.models.looks import GROUND
from changen_cli.models.units import to_bytes
from changen_cli.synthesis.base import Batch, SynthesizerSettings
from changen_cli.synthesis.showing import EVERYTHING, unknown_class
from changen_cli.weights.load import load_network

Network = TypeVar("Network", bound=nn.Module)


class NetworkSynthesizer(ABC, Generic[Network]):
    """Runs a pretrained network over batches: in its precision, sample by sample on the CPU, bytes in and out.

    Attributes:
        generator: The network.
        card: Its weights card.
        noise_dim: Length of z; 0 where the network takes none.
        classes: Classes that the network knows, background included; None where it does not look at classes.
        resolution: The finest and the coarsest imagery that its weights are for, metres; None if not known.
        finite: Of the batch that was made last: whether all pixels of a sample are numbers, bool [B], on the device.
    """

    name: ClassVar[str]
    shows: ClassVar[frozenset[str]] = EVERYTHING
    cpu_bound: ClassVar[bool] = False

    def __init__(self, settings: SynthesizerSettings, model: Model[Network]) -> None:
        """Loads the network.

        Args:
            settings: Weights, device and precision.
            model: What the weights must be of.

        Raises:
            WeightsError: If the weights are missing, damaged or made for another architecture.
        """
        self.generator, self.card = load_network(settings.weights, settings.device, model)
        self.resolution = self.card.resolution
        self.device = torch.device(settings.device)
        self.dtype = DTYPES[settings.precision]
        config: object = self.generator.config
        self.noise_dim: int = getattr(config, "noise_dim", 0)
        self.classes: int | None = getattr(config, "classes", None)
        self.finite: Tensor | None = None
        self._numbers: list[Tensor] = []

    @abstractmethod
    def _run(self, batch: Batch) -> Tensor:
        """Runs the network.

        Args:
            batch: What the device can take at once.

        Returns:
            I_t+1, float [B, 3, H, W] in -1..1.
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
            UsageError: If an object changes of a class that the network was not trained for.
        """
        if self.classes is not None:
            batch = self._with_known(batch, self.classes)
        self._numbers.clear()
        parts = [self._synthesize(part) for part in batch.parts(1 if self.device.type == "cpu" else 0)]
        self.finite = torch.cat(self._numbers)
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def say_not_finite(self, name: str) -> str:
        """Says that what was made of a sample is no image, and what to do.

        Args:
            name: Which sample, or which part of it.
        """
        precision = "" if self.dtype is torch.float32 else ", or --precision fp32"
        return (
            f"{name}: the weights {self.card.name!r} made pixels of it that are no numbers (NaN or infinite), so there "
            f"is no image; use other weights (--weights){precision}"
        )

    @torch.inference_mode()
    def _synthesize(self, batch: Batch) -> Tensor:
        with autocast(self.device, self.dtype):
            made = self._run(batch)
        self._numbers.append(made.isfinite().flatten(1).all(dim=1))  # as bytes, NaN would be black
        return to_bytes(made)

    def _with_known(self, batch: Batch, classes: int) -> Batch:
        """Makes ground of objects whose class the network does not know: it can paint around them, not change them."""
        largest = batch.largest_class
        if largest is None:
            largest = int(torch.maximum(batch.before.max(), batch.after.max()))
        if largest < classes:
            return batch
        changed = {f.category for these in batch.changes for c in these for f in (c.before, c.after) if f is not None}
        before, after = batch.before >= classes, batch.after >= classes
        if not batch.changes and (before != after).any():
            changed = {largest}
        if changed and max(changed) >= classes:
            raise unknown_class(max(changed), self.card.name, classes, "an object changes")
        looks = batch.looks
        if looks is not None:
            looks = replace(looks, regions=looks.regions.masked_fill(after, GROUND))
        seen_before, seen_after = batch.before.masked_fill(before, 0), batch.after.masked_fill(after, 0)
        return replace(batch, before=seen_before, after=seen_after, looks=looks)

    def as_manifest(self) -> dict[str, object]:
        """Returns name, SHA-256, licence and attribution of the weights."""
        return {
            "name": self.name,
            "weights": self.card.name,
            "sha256": self.card.sha256,
            "licence": self.card.licence,
            "attribution": self.card.attribution,
        }
