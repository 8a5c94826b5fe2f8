"""Copy-paste as a synthesizer: creates objects from the pixels of others (section 4.2, "Copy-Paste")."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from changen_cli.errors import TileError
from changen_cli.events.base import Change
from changen_cli.synthesis.base import Batch, SynthesizerSettings
from changen_cli.synthesis.pasting import choose_warp, find_objects, paste
from changen_cli.synthesis.showing import CREATE
from changen_cli.types import UInt8Array


class CopyPasteSynthesizer:
    """Pastes real objects into the outlines of created ones; shows created objects only.

    For each created footprint it takes, among the objects of the same class on the same tile, the one most similar in
    shape, warps its pixels into the new outline (turned and scaled, never mirrored), and feathers the edge. The ground
    stays as it is. Not a model: it needs no weights and no noise, and computes on the host whatever the device.
    """

    name: ClassVar[str] = "copy-paste"
    shows: ClassVar[frozenset[str]] = frozenset({CREATE})
    cpu_bound: ClassVar[bool] = True
    local: ClassVar[bool] = True
    noise_dim = 0

    def __init__(self, settings: SynthesizerSettings) -> None:
        """Makes the synthesizer.

        Args:
            settings: Nothing in them matters to it.
        """
        del settings

    def synthesize(self, batch: Batch) -> Tensor:
        """Pastes objects where the changes create them.

        Args:
            batch: One step of B samples; ``changes`` says what is created.

        Returns:
            I_t+1, uint8 [B, 3, H, W].

        Raises:
            TileError: If a tile has no object whose pixels could be copied.
        """
        if not any(batch.changes):
            return batch.image
        images, before, after = (x.cpu().numpy() for x in (batch.image, batch.before, batch.after))
        made = [self._paste(*sample) for sample in zip(images, before, after, batch.changes, strict=True)]
        return torch.from_numpy(np.stack(made)).to(batch.image.device)

    def _paste(
        self, image: UInt8Array, before: UInt8Array, after: UInt8Array, changes: tuple[Change, ...]
    ) -> UInt8Array:
        if not changes:
            return image
        objects = find_objects(before)
        canvas = image.astype(np.float32)
        for new in (change.after for change in changes if change.after is not None):
            warp = choose_warp(objects, new.polygon, new.category)
            if warp is None:
                raise TileError(
                    f"--synthesizer copy-paste: there is no object of class {new.category} on this tile whose pixels "
                    f"could be copied for the new footprint {new.uid}; use larger tiles (--tile-size), or leave such "
                    "tiles out"
                )
            paste(canvas, image, warp, new.polygon, after > 0)
        pixels: UInt8Array = canvas.round().clip(0, 255).astype(np.uint8)
        return pixels

    def as_manifest(self) -> dict[str, object]:
        """Returns its name."""
        return {"name": self.name}
