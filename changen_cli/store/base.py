"""What is handed to every format: series, the outcomes of samples, the shape of the store.

The shard is the unit of work, of commit and (with Zarr) of one shard file: written by one worker, whole, or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from affine import Affine

from changen_cli.conditions.base import Record
from changen_cli.events.base import History
from changen_cli.models.series_looks import SeriesLooks
from changen_cli.types import AnyArray, BoolArray, Int32Array, UInt8Array


class Status(StrEnum):
    """Status of a sample."""

    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Series:
    """What is stored of one sample: I_0 ... I_n, S_0 ... S_n, the change masks, the changes, looks and conditions.

    Attributes:
        id: Unique in a run and safe as a file name: ``<scene>__<tile>`` and ``__v<variant>`` where there are several.
        scene: Id of the scene.
        tile: Id of the tile in its scene.
        variant: 0 .. variants - 1: which of the futures of this tile.
        split: "train", "val" or "test", by scene.
        images: uint8 [T, 3, H, W], T = steps + 1. Zero where not valid.
        masks: Class masks, uint8 [T, H, W], 0 background.
        instances: Instance masks, int32 [T, H, W], uid or 0.
        valid: bool [H, W].
        history: The layouts and changes that the masks were drawn from.
        transform: Pixel to CRS, or None.
        crs: WKT of the CRS, or None.
        source: Path or URL of the source raster.
        looks: The looks that it was made with; None for a synthesizer without looks.
        conditions: What the conditions of each date did; empty in a run without conditions.
        read: Digest of the tile as it was read; empty where it is not known.
    """

    id: str
    scene: str
    tile: str
    variant: int
    split: str
    images: UInt8Array
    masks: UInt8Array
    instances: Int32Array
    valid: BoolArray
    history: History
    transform: Affine | None
    crs: str | None
    source: str
    looks: SeriesLooks | None = None
    conditions: tuple[Record, ...] = ()
    read: str = ""

    @property
    def changes(self) -> UInt8Array:
        """Change masks between consecutive states, uint8 [T - 1, H, W]: 1 where S_t and S_t+1 differ, else 0."""
        result: UInt8Array = (self.masks[1:] != self.masks[:-1]).view("uint8")
        return result

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns."""
        height, width = self.valid.shape
        return height, width

    @property
    def changed_pixels(self) -> tuple[int, ...]:
        """Pixels that differ between consecutive states, one number a step."""
        return tuple(int(np.count_nonzero(change)) for change in self.changes)

    @property
    def valid_pixels(self) -> int:
        """Pixels where the source has data."""
        return int(np.count_nonzero(self.valid))

    def arrays(self) -> dict[str, AnyArray]:
        """Returns what is stored of the pixels: ``image``, ``mask``, ``instance``, ``change`` and ``valid``."""
        return {
            "image": self.images,
            "mask": self.masks,
            "instance": self.instances,
            "change": self.changes,
            "valid": self.valid,
        }


@dataclass(frozen=True, slots=True)
class SceneSeries:
    """What is stored of a whole scene: as :class:`Series`, but its pixels are in files and only counted here.

    Attributes:
        id: See :class:`Series`, as for all that is not said here.
        scene: See there.
        tile: "all".
        variant: See there.
        split: See there.
        size: Rows and columns.
        history: The layouts and changes of the scene, in its pixel coordinates.
        transform: See there.
        crs: See there.
        source: See there.
        changed_pixels: Pixels that differ between consecutive states, one number a step.
        valid_pixels: Pixels where the source has data.
        looks: See there.
        conditions: Empty: a condition is drawn for an image, and windows of one are made apart.
        read: Digest of the scene as it was read.
    """

    id: str
    scene: str
    tile: str
    variant: int
    split: str
    size: tuple[int, int]
    history: History
    transform: Affine | None
    crs: str | None
    source: str
    changed_pixels: tuple[int, ...]
    valid_pixels: int
    looks: SeriesLooks | None = None
    conditions: tuple[Record, ...] = ()
    read: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one sample of a shard.

    Attributes:
        id: Id of the sample, as :attr:`Series.id`.
        status: Done, skipped (nothing to simulate here) or failed (this tile cannot be read).
        reason: Why it was skipped or failed, with file and tile, or why nothing changed in a series that is done; else
            empty.
        series: The series; None unless done.
    """

    id: str
    status: Status
    reason: str = ""
    series: Series | None = None


@dataclass(frozen=True, slots=True)
class SceneOutcome:
    """The result of a whole scene; attributes as those of :class:`Outcome`."""

    id: str
    status: Status
    reason: str = ""
    series: SceneSeries | None = None


AnyOutcome: TypeAlias = Outcome | SceneOutcome
"""What the tables and the records are made of."""


@dataclass(frozen=True, slots=True)
class StoreSpec:
    """The shape of a store, fixed before its first shard is written.

    Attributes:
        samples: Length of the sample axis: every tile times every variant, done or not.
        steps: Steps per series; there are steps + 1 frames.
        height: Pixels; of whole scenes those of the largest.
        width: Pixels.
        shard_samples: Samples per shard; the last shard is padded, not ragged.
        options: What only some formats take, by name: ``creation_options``, ``cog``.
    """

    samples: int
    steps: int
    height: int
    width: int
    shard_samples: int
    options: Mapping[str, object] = field(default_factory=dict)

    @property
    def shards(self) -> int:
        """Number of shards."""
        return -(-self.samples // self.shard_samples)
