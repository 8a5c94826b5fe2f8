"""What there is to export: an output of changen, pair by pair, or series by series with masks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine

from changen_cli.errors import UsageError
from changen_cli.events.base import Change
from changen_cli.export.options import ExportOptions
from changen_cli.export.picture import Picture
from changen_cli.reporter import Progress, Reporter
from changen_cli.scenes.window import Window
from changen_cli.store.sample import Sample
from changen_cli.store.series import SeriesDataset, open_series
from changen_cli.types import BoolArray, Int32Array, UInt8Array


@dataclass(frozen=True, slots=True)
class Dates:
    """The masks and objects of the dates of a series or pair.

    Attributes:
        mask: Class masks, uint8 [T, H, W], 0 background.
        instance: uid or 0, int32 [T, H, W].
        valid: bool [H, W], False where the source has no data.
    """

    mask: UInt8Array
    instance: Int32Array
    valid: BoolArray


@dataclass(frozen=True, slots=True)
class Pair:
    """Two dates of a series.

    Attributes:
        id: ``<sample>__t<i>_t<k>``, unique and safe as a file name.
        sample: Id of the series.
        scene: Id of its scene.
        split: "train", "val" or "test".
        times: The two dates.
        before: I_i.
        after: I_k.
        label: 255 where S_i and S_k differ, else 0, one band.
        dates: Masks of both dates; None where the format stores pairs of images alone.
        changes: The changes of the steps between, outlines in pixel coordinates.
        crs: WKT, or None.
        transform: Pixel to CRS coordinates, or None.
    """

    id: str
    sample: str
    scene: str
    split: str
    times: tuple[int, int]
    before: Picture
    after: Picture
    label: Picture
    dates: Dates | None
    changes: tuple[Change, ...]
    crs: str | None
    transform: Affine | None


class Source:
    """An output that is exported.

    Attributes:
        data: The output itself.
        manifest: What its ``manifest.json`` says.
        class_names: Names of classes by their number in the masks.
    """

    def __init__(self, options: ExportOptions, reporter: Reporter) -> None:
        """Opens the output.

        Args:
            options: Which output, which split, which pairs.
            reporter: Told how far the export is.

        Raises:
            StoreError: If it is not an output of changen, not complete, or damaged, or has no such split.
            UsageError: If no series in it is done.
        """
        self.data: SeriesDataset = open_series(options.series, options.split)
        self.manifest: dict[str, Any] = self.data.manifest
        self.class_names: dict[int, str] = options.class_names(self.manifest.get("arguments", {}).get("class_name", ()))
        self._layout = options.layout
        self._all = options.pairs == "all"
        self._reporter = reporter
        if not len(self.data):
            raise UsageError(f"{options.series}: no series in it is done, so there is nothing to export")

    @property
    def root(self) -> Path:
        """The folder of the output."""
        return self.data.root

    def pairs(self) -> Iterator[Pair]:
        """Reads pair by pair, those of a series after each other.

        Raises:
            StoreError: If a file is missing or damaged.
        """
        if self.data.items == "pairs":
            yield from self._stored_pairs()
            return
        for sample in self._samples("series"):
            yield from self.pairs_of(sample, self._dates(sample))

    def pairs_of(self, sample: Sample, dates: Dates) -> Iterator[Pair]:
        """Gives the pairs of a series that was read; each date is one picture, in however many pairs it is.

        Args:
            sample: The series.
            dates: Its masks.
        """
        steps = len(sample.image) - 1
        times = [(time, time + 1) for time in range(steps)]
        if self._all:
            times += [(0, time) for time in range(2, steps + 1)]
        images = [Picture(image) for image in sample.image]
        for first, second in times:
            yield Pair(
                id=f"{sample.id}__t{first}_t{second}",
                sample=sample.id,
                scene=sample.scene,
                split=sample.split,
                times=(first, second),
                before=images[first],
                after=images[second],
                label=Picture(_label(dates.mask[first] != dates.mask[second])),
                dates=Dates(dates.mask[[first, second]], dates.instance[[first, second]], dates.valid),
                changes=tuple(change for change in sample.changes if first < change.step <= second),
                crs=sample.crs,
                transform=sample.transform,
            )

    def pairs_with_dates(self) -> Iterator[tuple[Pair, Dates]]:
        """Reads pair by pair, with the masks of both dates.

        Raises:
            UsageError: If the format stores no masks.
            StoreError: If a file is missing or damaged.
        """
        self._need_masks()
        for pair in self.pairs():
            assert pair.dates is not None, "a format of series has masks"
            yield pair, pair.dates

    def series(self) -> Iterator[tuple[Sample, Dates]]:
        """Reads series by series, all dates with their masks.

        Raises:
            UsageError: If the format stores no masks.
            StoreError: If a file is missing or damaged.
        """
        self._need_masks()
        for sample in self._samples("series"):
            yield sample, self._dates(sample)

    def series_in_windows(self) -> Iterator[tuple[tuple[int, int], Iterator[tuple[Window, Sample, Dates]]]]:
        """Reads series by series, each in windows of consecutive dates where it is larger than fits into memory.

        Yields:
            Rows and columns of a series; and its windows, or all of it as one, with the dates that
            :attr:`~changen_cli.store.sample.Sample.times` names. Windows are read when they are asked for, and all of
            them must be before the next series is.

        Raises:
            UsageError: If the format stores no masks.
            StoreError: If a file is missing or damaged.
        """
        self._need_masks()
        total = len(self.data)
        for place in range(total):
            windows = ((window, part, self._dates(part)) for window, part in self.data.windows(place))
            yield self.data.size_of(place), windows
            self._reporter.progress(Progress("export", place + 1, total, "series"))

    def _stored_pairs(self) -> Iterator[Pair]:
        """Reads the pairs of a format that stores pairs."""
        for item, sample in enumerate(self._samples("pairs")):
            first, second = sample.times
            if second - first != 1 and not self._all:
                continue
            before, after, label = self.data.pair_files(item) or (None, None, None)
            yield Pair(
                id=sample.id,
                sample=sample.id.removesuffix(f"__t{first}_t{second}"),
                scene=sample.scene,
                split=sample.split,
                times=(first, second),
                before=Picture(sample.image[0], before),
                after=Picture(sample.image[1], after),
                label=Picture(_label(sample.change[0] != 0), label),
                dates=None,
                changes=sample.changes,
                crs=sample.crs,
                transform=sample.transform,
            )

    def _samples(self, unit: str) -> Iterator[Sample]:
        """Reads all items, and tells how far that is."""
        total = len(self.data)
        for item in range(total):
            yield self.data[item]
            self._reporter.progress(Progress("export", item + 1, total, unit))

    def _need_masks(self) -> None:
        """Refuses an output whose format stores pairs of images alone."""
        if self.data.items == "pairs":
            raise UsageError(
                f"{self.root}: the layout {self._layout} needs the masks of every date, and the format "
                f"{self.data.format} does not keep them; generate with --format zarr or geotiff"
            )

    def _dates(self, sample: Sample) -> Dates:
        """Returns the masks of a series."""
        if sample.mask is None or sample.instance is None or sample.valid is None:
            raise UsageError(
                f"{self.root}: the format {self.data.format} keeps no masks of {sample.id}; generate with --format "
                "zarr or geotiff"
            )
        return Dates(sample.mask, sample.instance, sample.valid)


def _label(changed: BoolArray) -> UInt8Array:
    """Returns a label as PNGs have it, uint8 [1, H, W], 0 and 255."""
    label: UInt8Array = changed[None].astype(np.uint8) * np.uint8(255)
    return label
