"""One item of an output, as :func:`~changen_cli.store.series.open_series` gives it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from affine import Affine

from changen_cli.conditions.base import Record
from changen_cli.events.base import Change
from changen_cli.models.series_looks import SeriesLooks
from changen_cli.types import BoolArray, Int32Array, UInt8Array

if TYPE_CHECKING:
    from torch import Tensor


def no_looks() -> None:
    """Reads the looks of a series that has none."""


def no_conditions() -> tuple[Record, ...]:
    """Reads the conditions of a series that has none."""
    return ()


@dataclass(frozen=True, slots=True, repr=False)
class Sample:
    """One item of an output: a series, or a pair where the format stores pairs.

    Attributes:
        id: Id of the sample, or of the pair: ``<sample>__t0_t2``.
        scene: Id of its scene.
        split: "train", "val" or "test".
        crs: WKT, or None.
        transform: Pixel to CRS coordinates, or None.
        times: The times of the images, 0 .. steps, or the two of the pair.
        image: uint8 [T, 3, H, W].
        change: uint8 [T - 1, H, W]: 1 where two consecutive states differ, else 0.
        mask: Class masks, uint8 [T, H, W], 0 background; None for a pair.
        instance: uid or 0, int32 [T, H, W]; None for a pair.
        valid: bool [H, W], False where the source has no data; None for a pair.
        changes: The changes between the first image and the last, outlines in pixel coordinates.
        read_looks: What :attr:`looks` are read by.
        read_conditions: What :attr:`conditions` are read by.
    """

    id: str
    scene: str
    split: str
    crs: str | None
    transform: Affine | None
    times: tuple[int, ...]
    image: UInt8Array
    change: UInt8Array
    mask: UInt8Array | None
    instance: Int32Array | None
    valid: BoolArray | None
    changes: tuple[Change, ...]
    read_looks: Callable[[], SeriesLooks | None] = field(default=no_looks, repr=False, compare=False)
    read_conditions: Callable[[], tuple[Record, ...]] = field(default=no_conditions, repr=False, compare=False)

    def __repr__(self) -> str:
        """Says what it is, without its pixels."""
        dates, _, height, width = self.image.shape
        events = [change.event for change in self.changes]
        counts = ", ".join(f"{events.count(name)} {name}" for name in sorted(set(events))) or "none"
        return f"<Sample {self.id}: {dates} dates of {width} x {height} pixels, split {self.split}, changes: {counts}>"

    def as_dict(self) -> dict[str, Tensor]:
        """Returns the arrays as tensors by name, as the data sets of torchgeo (0.8 and later) give change detection.

        Returns:
            ``image``, float32 [T, 3, H, W] of 0..255; ``mask``, int64 [T - 1, H, W]: 1 where two consecutive dates
            differ, else 0; and where the format has them ``layout``, the class masks, int64 [T, H, W]; ``instance``,
            int64 [T, H, W]; ``valid``, bool [H, W].
        """
        import torch

        arrays = {
            "image": self.image.astype(np.float32),
            "mask": self.change.astype(np.int64),
            "layout": None if self.mask is None else self.mask.astype(np.int64),
            "instance": None if self.instance is None else self.instance.astype(np.int64),
            "valid": self.valid,
        }
        return {name: torch.from_numpy(array) for name, array in arrays.items() if array is not None}

    @property
    def looks(self) -> SeriesLooks | None:
        """The looks of the whole series, read now; None for a synthesizer without looks.

        Raises:
            StoreError: If the table of looks is missing or damaged.
        """
        return self.read_looks()

    @property
    def conditions(self) -> tuple[Record, ...]:
        """What was done to each image besides the change, read now; empty in a run without conditions.

        One record for each of :attr:`times`: numbers by name by condition, such as ``{"haze": {"share": (0.2,)}}``.

        Raises:
            StoreError: If the table of conditions is missing or damaged.
        """
        return self.read_conditions()
