"""One item of an output, as :func:`~changen_cli.store.series.open_series` gives it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from affine import Affine

from changen_cli.conditions.base import Record
from changen_cli.events.base import Change
from changen_cli.models.series_looks import SeriesLooks
from changen_cli.types import BoolArray, Int32Array, UInt8Array


def no_looks() -> None:
    """Reads the looks of a series that has none."""


def no_conditions() -> tuple[Record, ...]:
    """Reads the conditions of a series that has none."""
    return ()


@dataclass(frozen=True, slots=True)
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
