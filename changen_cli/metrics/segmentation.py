"""How well a segmenter in training reads S_t from real images I_t, over the valid pixels of all of them together.

iou:        of buildings, classes taken together
right:      share of pixels in their class
building:   share of building that is seen as such
background: share of background that is seen as such
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from changen_cli.metrics.base import Accumulator, Column, Metric, Result, Role, share
from changen_cli.types import BoolArray, UInt8Array

CLASSES = "classes"
"""What a metric needs that compares classes; only the validation of a segmenter has them."""


class Segmentation(Accumulator):
    """Pixels seen right and wrong."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def see_classes(self, found: UInt8Array, truth: UInt8Array, valid: BoolArray) -> None:
        """Adds an image.

        Args:
            found: Classes that the segmenter finds, uint8 [H, W]; 0 is background.
            truth: True classes, uint8 [H, W].
            valid: Where the image has data, bool [H, W].
        """
        truth, found = truth[valid], found[valid]
        built, where = truth > 0, found > 0
        self._counts["all"] += truth.size
        for name, region in (
            ("right", truth == found),
            ("built", built),
            ("hit", built & where),
            ("either", built | where),
            ("ground", ~(built | where)),
        ):
            self._counts[name] += int(np.count_nonzero(region))

    def compute(self) -> Result:
        """Computes the shares, 0..1; None where no image has pixels to take one over."""
        counts = self._counts
        return {
            "iou": share(counts["hit"], counts["either"]),
            "right": share(counts["right"], counts["all"]),
            "building": share(counts["hit"], counts["built"]),
            "background": share(counts["ground"], counts["all"] - counts["built"]),
        }


SEGMENTATION = Metric(
    name="segmentation",
    title="segmentation",
    columns=(
        Column("iou", "iou", "IoU", "0..1", "higher", role=Role.OVERLAP, said=True),
        Column("right", "right", "right", "share of pixels", "higher"),
        Column("building", "building", "building", "share seen as such", "higher"),
        Column("background", "background", "background", "share seen as such", "higher"),
    ),
    make=lambda setting: Segmentation(),
    rank=60,
    needs=CLASSES,
)
