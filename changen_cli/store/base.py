"""What every store writes, and the contract of its writers.

The shard is the unit of work, of commit and (with Zarr) of one shard file: written by one worker, whole, or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Protocol

from affine import Affine

from changen_cli.events.base import History
from changen_cli.types import BoolArray, Int32Array, UInt8Array


class Status(StrEnum):
    """What became of a sample."""

    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Series:
    """What is stored of one sample: I_0 ... I_n, S_0 ... S_n, the change masks and the changes.

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

    @property
    def changes(self) -> UInt8Array:
        """Change masks between consecutive states, uint8 [T - 1, H, W]: 1 where S_t and S_t+1 differ, else 0."""
        result: UInt8Array = (self.masks[1:] != self.masks[:-1]).view("uint8")
        return result


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one sample of a shard.

    Attributes:
        id: Id of the sample, as :attr:`Series.id`.
        status: Done, skipped (nothing to simulate here) or failed (this tile cannot be read).
        reason: Why it was skipped or failed, with file and tile; empty when done.
        series: The series; None unless done.
    """

    id: str
    status: Status
    reason: str = ""
    series: Series | None = None


@dataclass(frozen=True, slots=True)
class StoreSpec:
    """The shape of a store, fixed before its first shard is written.

    Attributes:
        samples: Length of the sample axis: every tile times every variant, done or not.
        steps: Steps per series; there are steps + 1 frames.
        height: Pixels.
        width: Pixels.
        shard_samples: Samples per shard; the last shard is padded, not ragged.
        options: What only one format understands (creation options, COG).
    """

    samples: int
    steps: int
    height: int
    width: int
    shard_samples: int
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def shards(self) -> int:
        """Number of shards."""
        return -(-self.samples // self.shard_samples)


class Writer(Protocol):
    """One output format. Writers hold no open file and are picklable: a shard may be written by any process."""

    root: Path
    spec: StoreSpec
    format: ClassVar[str]

    def create(self) -> None:
        """Makes the skeleton of an empty store (folders, array metadata); does nothing to one that is there."""
        ...

    def write_shard(self, index: int, outcomes: list[Outcome]) -> None:
        """Writes the data of one shard; every file appears under its name whole, or not at all.

        Called for one shard by one process at a time; the caller records the shard as done afterwards. A shard that
        was cut off before it was recorded is written again, and over what was there.

        Args:
            index: 0 .. ``spec.shards`` - 1.
            outcomes: The samples of the shard, in order; for each sample of the shard one.

        Raises:
            StoreError: If the disk is full or not writable; the message names the path and the remedy.
        """
        ...

    def finish(self, samples: list[dict[str, Any]]) -> None:
        """Writes what can only be written when every shard is there (lists, consolidated metadata)."""
        ...
