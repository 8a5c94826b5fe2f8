"""Inpainting by fast marching (Telea 2004) as a synthesizer: removes objects (section 4.2, "Inpainting")."""

from __future__ import annotations

from types import ModuleType
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from changen_cli.errors import PluginError, TileError
from changen_cli.models.deepfill.holes import REACH, removed_ground
from changen_cli.synthesis.base import Batch, SynthesizerSettings
from changen_cli.synthesis.showing import REMOVE
from changen_cli.types import BoolArray, UInt8Array

RADIUS = 5
"""Radius of the known pixels that each filled pixel is made of."""


class InpaintingSynthesizer:
    """Continues the surroundings into the ground of removed objects, with OpenCV; shows removed objects only.

    Not a model: it needs no weights and no noise, and computes on the host whatever the device. Pixels outside the
    holes stay as they are.
    """

    name: ClassVar[str] = "inpainting"
    shows: ClassVar[frozenset[str]] = frozenset({REMOVE})
    cpu_bound: ClassVar[bool] = True
    local: ClassVar[bool] = True
    noise_dim = 0

    def __init__(self, settings: SynthesizerSettings) -> None:
        """Makes the synthesizer.

        Args:
            settings: Nothing in them matters to it.

        Raises:
            PluginError: If OpenCV is not installed.
        """
        del settings
        try:
            import cv2
        except ImportError as error:
            raise PluginError(
                f"--synthesizer inpainting: OpenCV cannot be imported ({error}); install it with: pip install "
                "'changen[opencv]'"
            ) from error
        self._opencv: ModuleType = cv2

    def synthesize(self, batch: Batch) -> Tensor:
        """Fills the ground of removed objects.

        Args:
            batch: One step of B samples.

        Returns:
            I_t+1, uint8 [B, 3, H, W].

        Raises:
            TileError: If the removed objects cover a tile and leave nothing to fill them from.
        """
        images = batch.image.cpu().numpy()
        holes = removed_ground(batch.before, batch.after).cpu().numpy()
        filled = np.stack([self._fill(image, hole) for image, hole in zip(images, holes, strict=True)])
        return torch.from_numpy(filled).to(batch.image.device)

    def _fill(self, image: UInt8Array, hole: BoolArray) -> UInt8Array:
        """Fills the hole [H, W] of an image [3, H, W]."""
        if not hole.any():
            return image
        if hole.all():  # OpenCV would give the image back as it is, buildings and all
            raise TileError(
                "--synthesizer inpainting: the removed objects cover the tile and leave no surroundings to "
                "continue; use larger tiles (--tile-size)"
            )
        pixels = np.ascontiguousarray(image.transpose(1, 2, 0))
        filled = self._opencv.inpaint(pixels, hole.view(np.uint8), RADIUS, self._opencv.INPAINT_TELEA)
        result: UInt8Array = np.asarray(filled, np.uint8).transpose(2, 0, 1)
        return result

    def as_manifest(self) -> dict[str, object]:
        """Returns its name, method and numbers."""
        return {
            "name": self.name,
            "method": "Telea 2004",
            "opencv": self._opencv.__version__,
            "reach": REACH,
            "radius": RADIUS,
        }
