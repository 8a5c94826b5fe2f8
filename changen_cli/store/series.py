"""Reading an output: :func:`open_series` gives its series as numpy arrays, and as a torch data set."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

import pyarrow as pa
from affine import Affine

from changen_cli.errors import StoreError
from changen_cli.events.base import Change
from changen_cli.files import place
from changen_cli.models.series_looks import SeriesLooks
from changen_cli.scenes.window import Window
from changen_cli.store.ends import check_small_ends
from changen_cli.store.formats.base import Arrays, Format, Times
from changen_cli.store.formats.registry import find_formats, make_format
from changen_cli.store.manifest import StoreEntry, read_entry, read_manifest, read_store
from changen_cli.store.sample import Sample, no_conditions, no_looks
from changen_cli.store.sample_table import SampleTable
from changen_cli.store.tables.conditions import ConditionsReader
from changen_cli.store.tables.looks import LooksReader
from changen_cli.store.tables.samples import SampleRow
from changen_cli.types import AnyArray, Int64Array, UInt8Array

if TYPE_CHECKING:
    from changen_cli.store.torch_dataset import TorchDataset

PART = 1024
"""Rows and columns of the windows in which series are read that are larger; a multiple of the blocks of their files."""


def open_series(path: Path | str, split: str | None = None) -> SeriesDataset:
    """Opens a complete output of ``changen generate``, in whatever format it is.

    Args:
        path: The output folder.
        split: Only the samples of one split, "train", "val" or "test"; all of them by default.

    Returns:
        Its samples that are done; skipped and failed ones are in :attr:`SeriesDataset.table`.

    Raises:
        StoreError: If the folder is not an output of changen, not complete, or damaged, or has no such split.
    """
    return SeriesDataset(place(path), split)


class SeriesDataset:
    """The series of an output, read one by one. Made by :func:`open_series`.

    ``len(data)``, ``data[i]``, ``data[2:5]`` and iteration work as in a list; a slice is such a data set. It
    holds no open file, can be pickled, and can be read by several processes at once.

    Attributes:
        root: The output folder.
        manifest: What ``manifest.json`` says.
        format: Name of its format, such as "zarr".
        spec: The shape of the store.
        items: What an item is: "series", or "pairs" where the format stores pairs of images alone.
        times: The times of the items of each sample, so an item's own are ``times[item % len(times)]``: all of the
            series, or every pair.
        steps: Steps per series.
        look_dim: Length of a look; 0 for a synthesizer without looks.
        has_conditions: Whether its images were put under conditions.
        size: Rows and columns of every image.
    """

    def __init__(self, root: Path, split: str | None = None) -> None:
        """Reads the manifest and the table of samples; see :func:`open_series`."""
        self.root = root
        self.manifest: dict[str, Any] = read_manifest(root)
        check_small_ends(root)
        store: StoreEntry = read_entry(root, self.manifest)
        self.format: str = store["format"]
        if self.format not in find_formats():
            raise StoreError(
                f"{root} has the unknown format {self.format!r}; read it with the changen that wrote it or a newer "
                "one, or install the package that has this format"
            )
        self.spec = read_store(root, self.manifest)
        self._store = make_format(self.format, root, self.spec)
        self.look_dim: int = store.get("look_dim", 0)
        self.has_conditions: bool = store.get("conditions", False)
        self.steps = self.spec.steps
        self.size = self.spec.height, self.spec.width
        self.items: Literal["series", "pairs"] = self._store.items
        whole = tuple(range(self.steps + 1))
        self.times: tuple[Times, ...] = (whole,) if self.items == "series" else self._store.pairs
        self._samples = SampleTable(root, self.times, split)
        self._looks = LooksReader(root)
        self._conditions = ConditionsReader(root)

    @property
    def table(self) -> pa.Table:
        """All samples, done or not, as ``samples.parquet`` has them."""
        return self._samples.table

    @property
    def rows(self) -> Int64Array:
        """Places in the table of the samples that are done and asked for, int64 [N]."""
        return self._samples.rows

    def __repr__(self) -> str:
        """Says what there is, without reading it."""
        height, width = self.size
        each = f"{self.items} of {self.steps + 1} dates" if self.items == "series" else self.items
        shares = ", ".join(f"{count} {split}" for split, count in self._samples.splits().items())
        return (
            f"<SeriesDataset {self.root}: {len(self)} {each}, {width} x {height} pixels, format {self.format}, "
            f"samples: {shares or 'none'}>"
        )

    def __len__(self) -> int:
        """Returns the number of samples, or of pairs."""
        return self._samples.count(self.times)

    @overload
    def __getitem__(self, item: int) -> Sample: ...
    @overload
    def __getitem__(self, item: slice) -> SeriesDataset: ...
    def __getitem__(self, item: int | slice) -> Sample | SeriesDataset:
        """Reads one sample, or one pair; or takes some as a data set of their own, of which nothing is read yet.

        Raises:
            IndexError: If there is no such item.
            StoreError: If a file is missing or damaged.
        """
        if isinstance(item, slice):
            part = copy.copy(self)
            part._samples = self._samples.part(item)
            return part
        row, times = self._samples.locate(item, self.times)
        sample = self._samples.sample(row)
        return self._make(row, sample, times, self._store.read(sample, times), is_pair=self.items == "pairs")

    def read_step(self, item: int, *, changes: bool = True) -> Sample:
        """Reads two consecutive dates of a series, and nothing else of its pixels.

        Args:
            item: 0 .. samples * steps - 1, those of a series after each other.
            changes: Whether to read the table of changes too; without, :attr:`Sample.changes` is empty.

        Raises:
            IndexError: If there is no such step.
            StoreError: If a file is missing or damaged.
        """
        row, times = self._samples.locate(item, self.consecutive)
        sample = self._samples.sample(row)
        return self._make(
            row, sample, times, self._store.read_step(sample, times[1]), is_pair=True, with_changes=changes
        )

    def read_part(self, item: int, window: Window) -> Sample:
        """Reads a window of two consecutive dates, and nothing else: whole scenes are larger than memory.

        Args:
            item: As for :meth:`read_step`.
            window: Which part; within the series.

        Returns:
            The pixels of the window; :attr:`Sample.changes` is empty, and the transform is that of the series.

        Raises:
            IndexError: If there is no such step.
            StoreError: If a file is missing or damaged.
        """
        row, times = self._samples.locate(item, self.consecutive)
        sample = self._samples.sample(row)
        arrays = self._store.read_part(sample, times[1], window)
        return self._make(row, sample, times, arrays, is_pair=True, with_changes=False)

    def changes_of(self, place: int) -> tuple[Change, ...]:
        """Reads the changes of all steps of a sample, and no pixels.

        Args:
            place: Which of :attr:`rows`.

        Raises:
            StoreError: If the table of changes is missing or damaged.
        """
        return tuple(self._samples.changes(int(self.rows[place])))

    def size_of(self, place: int) -> tuple[int, int]:
        """Returns rows and columns of a sample.

        Args:
            place: Which of :attr:`rows`.
        """
        sample = self._samples.sample(int(self.rows[place]))
        return sample["height"], sample["width"]

    def parts(self, place: int) -> Iterator[Sample]:
        """Reads all pixels of a series, no more of them at a time than fits; :meth:`windows` without where they are."""
        return (part for _, part in self.windows(place))

    def windows(self, place: int) -> Iterator[tuple[Window, Sample]]:
        """Reads all pixels of a series, no more of them at a time than fits: whole, or date by date, or in windows.

        Args:
            place: Which of :attr:`rows`.

        Yields:
            Where it is, and the series; or, of consecutive dates, each pair or each window of each pair, as
            :meth:`read_part` gives it. No changes.

        Raises:
            StoreError: If a file is missing or damaged.
        """
        sample = self._samples.sample(int(self.rows[place]))
        height, width = sample["height"], sample["width"]
        first, all_of_it = place * self.steps, Window(0, 0, height, width)
        if (height > PART or width > PART) and type(self._store).read_part is not Format.read_part:
            for step in range(self.steps):
                for row in range(0, height, PART):
                    for column in range(0, width, PART):
                        window = Window(row, column, min(PART, height - row), min(PART, width - column))
                        yield window, self.read_part(first + step, window)
        elif self.items == "series":
            row, times = self._samples.locate(place, self.times)
            arrays = self._store.read(sample, times)
            yield all_of_it, self._make(row, sample, times, arrays, is_pair=False, with_changes=False)
        else:
            yield from ((all_of_it, self.read_step(first + step, changes=False)) for step in range(self.steps))

    @property
    def consecutive(self) -> tuple[Times, ...]:
        """The pairs of consecutive times of each series, which :meth:`read_step` reads."""
        return tuple((step, step + 1) for step in range(self.steps))

    @property
    def event_names(self) -> list[str]:
        """Names of the events that happened anywhere in the output, in order.

        Raises:
            StoreError: If the table of changes is missing or damaged.
        """
        return self._samples.events.values("event")

    def _make(
        self,
        row: int,
        sample: SampleRow,
        times: Times,
        arrays: Arrays,
        *,
        is_pair: bool,
        with_changes: bool = True,
    ) -> Sample:
        """Puts together what was read of a sample."""
        pair = f"__t{times[0]}_t{times[1]}" if is_pair else ""
        return Sample(
            id=sample["sample"] + pair,
            scene=sample["scene"],
            split=sample["split"],
            crs=sample["crs"],
            transform=None if sample["transform"] is None else Affine(*sample["transform"]),
            times=times,
            image=arrays.image,
            change=arrays.change,
            mask=arrays.mask,
            instance=arrays.instance,
            valid=arrays.valid,
            changes=tuple(c for c in self._samples.changes(row) if times[0] < c.step <= times[-1])
            if with_changes
            else (),
            read_looks=partial(self._looks.read, sample["sample"]) if self.look_dim else no_looks,
            read_conditions=(
                partial(self._conditions.read, sample["sample"], times) if self.has_conditions else no_conditions
            ),
        )

    def __iter__(self) -> Iterator[Sample]:
        """Reads one item after the other."""
        return (self[item] for item in range(len(self)))

    def looks_of(self, sample: str) -> SeriesLooks | None:
        """Reads the looks of a sample, and nothing else; None if it has none.

        Args:
            sample: Id of the sample.

        Raises:
            StoreError: If the table of looks is missing or damaged.
        """
        return self._looks.read(sample) if self.look_dim else None

    def torch(self, pairs: bool = True, transform: Callable[[Any], Any] | None = None) -> TorchDataset:
        """Returns a ``torch.utils.data.Dataset`` of this output.

        Args:
            pairs: True for pairs ``(I_t, I_t+1, label)``: uint8 [3, H, W] twice and uint8 [H, W], 0 or 1; every
                consecutive pair of every series, or every pair that is there where the format stores pairs. False for
                whole items: a dict of the tensors ``image``, ``change`` and, where the format has them, ``mask``,
                ``instance`` and ``valid``.
            transform: Applied to each item before it is returned.
        """
        from changen_cli.store.torch_dataset import TorchDataset

        if pairs:
            return TorchDataset(self.read_pair, self.pair_count(), transform)
        return TorchDataset(self._arrays, len(self), transform)

    def _arrays(self, item: int) -> dict[str, AnyArray]:
        """Reads the arrays of an item that its format has, by name."""
        sample = self[item]
        arrays = {name: getattr(sample, name) for name in ("image", "change", "mask", "instance", "valid")}
        return {name: array for name, array in arrays.items() if array is not None}

    def pair_count(self) -> int:
        """Returns the number of pairs that :meth:`read_pair` can give."""
        return self._samples.count(self._store.pairs)

    def read_pair(self, item: int) -> tuple[UInt8Array, UInt8Array, UInt8Array]:
        """Reads two images and what changed between them, and nothing else.

        Args:
            item: 0 .. :meth:`pair_count` - 1.

        Returns:
            I_t and I_t+1, uint8 [3, H, W], and the label, uint8 [H, W], 0 or 1.

        Raises:
            IndexError: If there is no such pair.
            StoreError: If a file is missing or damaged.
        """
        row, pair = self._samples.locate(item, self._store.pairs)
        return self._store.read_pair(self._samples.sample(row), pair)

    def pair_files(self, item: int) -> tuple[Path, Path, Path] | None:
        """Returns the PNG files of a pair: both images, and the label as 0 and 255.

        Args:
            item: 0 .. :meth:`pair_count` - 1.

        Returns:
            None where the format has no such files.

        Raises:
            IndexError: If there is no such pair.
        """
        row, pair = self._samples.locate(item, self._store.pairs)
        return self._store.pair_files(self._samples.sample(row), pair)

    def raster_folder(self, item: int) -> Path | None:
        """Returns the folder of the GeoTIFFs of a series, named as those of ``geotiff``.

        Args:
            item: 0 .. len - 1.

        Returns:
            None where the format has no such folder.

        Raises:
            IndexError: If there is no such item.
        """
        row, _ = self._samples.locate(item, self.times)
        return self._store.raster_folder(self._samples.sample(row))
