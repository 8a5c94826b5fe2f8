"""What an output holds: its files as bytes, and its samples with every array there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from affine import Affine

from changen_cli.events.base import Change
from changen_cli.store.formats.registry import find_formats, get_format
from changen_cli.store.sample import Sample
from changen_cli.store.series import open_series
from changen_cli.types import BoolArray, Int32Array, UInt8Array

FORMATS = tuple(name for name in find_formats() if not get_format(name).foreign_folders)
"""Formats all of whose files changen writes itself, so that their bytes are always the same."""

Tree = Callable[[Path], dict[str, bytes]]
"""Reads everything in a folder: the bytes of each file by its path, and the empty folders."""


@dataclass(frozen=True, slots=True)
class WholeSample:
    """A series with masks; fields as those of :class:`~changen_cli.store.series.Sample`."""

    id: str
    scene: str
    split: str
    crs: str | None
    transform: Affine | None
    image: UInt8Array
    change: UInt8Array
    mask: UInt8Array
    instance: Int32Array
    valid: BoolArray
    changes: tuple[Change, ...]

    @property
    def to_crs(self) -> Affine:
        """Pixel to CRS coordinates; fails if the series is in none."""
        assert self.transform is not None, f"{self.id} is not georeferenced"
        return self.transform


def read_whole(output: Path) -> list[WholeSample]:
    """Reads the series of an output whose format stores masks."""
    return [_whole(sample) for sample in open_series(output)]


def _whole(sample: Sample) -> WholeSample:
    assert sample.mask is not None, f"{sample.id} has no masks"
    assert sample.instance is not None, f"{sample.id} has no instances"
    assert sample.valid is not None, f"{sample.id} has no validity"
    return WholeSample(
        sample.id, sample.scene, sample.split, sample.crs, sample.transform, sample.image, sample.change,
        sample.mask, sample.instance, sample.valid, sample.changes,
    )  # fmt: skip
