"""What a user asks of ``changen generate``, validated."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from changen_cli.errors import UsageError
from changen_cli.events.schedule import Schedule, make_schedule
from changen_cli.scenes.options import ReadOptions
from changen_cli.store.check import SPLITS
from changen_cli.store.formats.registry import FORMATS

SHARD_BYTES = 40_000_000
"""About what a shard may hold in memory where its size is not given."""


@dataclass(frozen=True)
class GenerateOptions:
    """Arguments of a run; the command line documents the same ones in the user's words.

    Paths may be given as text or as ``pathlib.Path``; they are kept as text.

    Attributes:
        inputs: Folders, rasters, lists, URLs or "-".
        output: Output folder.
        masks: Mask raster or folder, if not beside the images.
        footprints: Vector file of footprints, if not beside the images.
        format: "zarr", "geotiff" or "levir".
        events: Events with weights, "create=2,remove=1", or weights by name.
        steps: Steps per series; there are steps + 1 frames.
        changes_per_step: Least and most changes of a step, "1:5".
        event_options: Parameters of events, ``EVENT.PARAMETER=VALUE``, or values by parameter by event.
        variants: Series per tile: the paper's Changen-{n x 90}k.
        tile_size: Side of a tile, pixels.
        overlap: Pixels that neighbouring tiles share.
        edges: "shift" moves the last tile inwards, "pad" lets it overhang.
        min_valid: Least share of valid pixels of a tile that is not skipped.
        resolution: Ground metres per pixel to read at.
        bands: 1-based band numbers of red, green and blue.
        rescale: "LOW:HIGH" or "auto", for rasters that are not 8 bit.
        footprints_crs: CRS of vectors that do not say.
        exclude: Vector file of areas where nothing is built.
        gap: Least distance between a placed footprint and any other, pixels.
        library: Vector file of footprints whose outlines new objects take; else the scene's own.
        synthesizer: Name of the plugin.
        weights: Name or path; None for the plugin's default.
        background: "synthesize" (the paper) or "keep".
        device: "auto" or a torch device.
        precision: "auto", "fp32", "bf16" or "fp16".
        batch_size: "auto" or a number.
        workers: Processes that read, simulate and write; 0 does all in this process, "auto" fits the machine.
        shard_samples: Samples per shard, or "auto".
        split: Shares of train, val and test; whole scenes are shared out.
        creation_options: GDAL creation options of the GeoTIFF format.
        cog: Whether GeoTIFFs are cloud optimised.
        seed: Of everything.
        overwrite: Start again where the output holds another run.
    """

    inputs: tuple[str, ...]
    output: str = "changen-out"
    masks: str | None = None
    footprints: str | None = None
    format: str = "zarr"
    events: str | Mapping[str, float] = "create,remove"
    steps: int = 1
    changes_per_step: str | tuple[int, int] = "1:5"
    event_options: tuple[str, ...] | Mapping[str, Mapping[str, Any]] = ()
    variants: int = 1
    tile_size: int = 256
    overlap: int = 0
    edges: Literal["shift", "pad"] = "shift"
    min_valid: float = 0.5
    resolution: float | None = None
    bands: tuple[int, int, int] | None = None
    rescale: str | None = None
    footprints_crs: str | None = None
    exclude: str | None = None
    gap: float = 2.0
    library: str | None = None
    synthesizer: str = "changen"
    weights: str | None = None
    background: Literal["synthesize", "keep"] = "synthesize"
    device: str = "auto"
    precision: str = "auto"
    batch_size: str | int = "auto"
    workers: str | int = 0
    shard_samples: str | int = "auto"
    split: tuple[float, float, float] = (0.8, 0.1, 0.1)
    creation_options: Mapping[str, str] = field(default_factory=dict)
    cog: bool = False
    seed: int = 0
    overwrite: bool = False

    def __post_init__(self) -> None:
        inputs = (self.inputs,) if isinstance(self.inputs, str | os.PathLike) else self.inputs
        object.__setattr__(self, "inputs", tuple(os.fspath(name) for name in inputs))
        for name in ("output", "masks", "footprints", "exclude", "library", "weights"):
            if isinstance(path := getattr(self, name), os.PathLike):
                object.__setattr__(self, name, os.fspath(path))
        if not self.inputs:
            raise UsageError("no input; name a folder, a raster or a list with --input")
        _choice("--format", self.format, FORMATS)
        _choice("--edges", self.edges, ("shift", "pad"))
        _choice("--background", self.background, ("synthesize", "keep"))
        for name, value, least in (
            ("--steps", self.steps, 1),
            ("--variants", self.variants, 1),
            ("--tile-size", self.tile_size, 16),
            ("--seed", self.seed, 0),
        ):
            if value < least:
                raise UsageError(f"{name} {value}: must be at least {least}")
        for name, wanted, least in (
            ("--batch-size", self.batch_size, 1),
            ("--workers", self.workers, 0),
            ("--shard-samples", self.shard_samples, 1),
        ):
            if wanted != "auto" and (not isinstance(wanted, int) or wanted < least):
                raise UsageError(f"{name} {wanted}: must be auto or a whole number from {least} up")
        if not 0 <= self.overlap < self.tile_size:
            raise UsageError(f"--overlap {self.overlap}: must be from 0 to {self.tile_size - 1}, less than the tile")
        if not 0 <= self.min_valid <= 1:
            raise UsageError(f"--min-valid {self.min_valid:g}: must be a share from 0 to 1")
        if not 0 <= self.gap <= self.tile_size:
            raise UsageError(f"--gap {self.gap:g}: must be from 0 pixels to the tile size")
        if len(self.split) != len(SPLITS) or not (min(self.split) >= 0 and 0 < sum(self.split) < math.inf):
            raise UsageError(f"--split {self.split}: give three shares, train,val,test, as in 0.8,0.1,0.1")
        if (self.creation_options or self.cog) and self.format != "geotiff":
            raise UsageError(f"--creation-option and --cog are for --format geotiff, not {self.format}")

    def read_options(self) -> ReadOptions:
        """How scenes are read."""
        return ReadOptions(
            bands=self.bands,
            rescale=self.rescale,
            resolution=self.resolution,
            footprints_crs=self.footprints_crs,
            exclude=self.exclude,
        )

    def schedule(self) -> Schedule:
        """The events of every step."""
        return make_schedule(self.events, self.changes_per_step, self.event_options)

    def samples_per_shard(self) -> int:
        """Samples per shard: as given, or what :data:`SHARD_BYTES` hold."""
        if self.shard_samples != "auto":
            return int(self.shard_samples)
        # image 3 bytes, class mask 1, instances 4, change 1
        sample = self.tile_size**2 * (self.steps + 1) * 9
        return max(1, min(64, SHARD_BYTES // sample))


def _choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise UsageError(f"{name} {value}: choose {', '.join(choices)}")


def parse_split(text: str) -> tuple[float, float, float]:
    """Reads "0.8,0.1,0.1".

    Raises:
        UsageError: If it is not three numbers.
    """
    try:
        train, val, test = (float(part) for part in text.split(","))
    except ValueError as error:
        raise UsageError(f"--split {text!r}: give three shares, train,val,test, as in 0.8,0.1,0.1") from error
    return train, val, test


def parse_bands(text: str) -> tuple[int, int, int]:
    """Reads "3,2,1".

    Raises:
        UsageError: If it is not three whole numbers.
    """
    try:
        red, green, blue = (int(part) for part in text.split(","))
    except ValueError as error:
        raise UsageError(f"--bands {text!r}: give three band numbers, red, green, blue, as in 3,2,1") from error
    return red, green, blue
