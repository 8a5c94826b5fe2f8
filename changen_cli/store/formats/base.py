"""The contract of an output format: one class that writes, reads and clears, registered as an entry point.

A format of a third party is one file with a subclass of :class:`Format`, and its entry point; docs/plugins.md has one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal, Protocol

from affine import Affine

from changen_cli.scenes.window import Window
from changen_cli.store.base import Outcome, StoreSpec
from changen_cli.store.records import SampleRecord
from changen_cli.store.tables.samples import SampleRow
from changen_cli.types import BoolArray, Int32Array, UInt8Array

Times = tuple[int, ...]
"""Times of images, ascending."""


@dataclass(frozen=True, slots=True)
class Arrays:
    """The pixels of one item.

    Attributes:
        image: uint8 [T, 3, H, W].
        change: uint8 [T - 1, H, W]: 1 where two consecutive states differ, else 0.
        mask: Class masks, uint8 [T, H, W], 0 background; None where the format has no place for them.
        instance: uid or 0, int32 [T, H, W]; None where the format has no place for them.
        valid: bool [H, W], False where the source has no data; None where the format has no place for it.
    """

    image: UInt8Array
    change: UInt8Array
    mask: UInt8Array | None = None
    instance: Int32Array | None = None
    valid: BoolArray | None = None


def cut_arrays(arrays: Arrays, window: Window) -> Arrays:
    """Returns the pixels of a window within an item."""
    rows = slice(window.row, window.row + window.height)
    columns = slice(window.column, window.column + window.width)
    return Arrays(
        image=arrays.image[..., rows, columns],
        change=arrays.change[..., rows, columns],
        mask=None if arrays.mask is None else arrays.mask[..., rows, columns],
        instance=None if arrays.instance is None else arrays.instance[..., rows, columns],
        valid=None if arrays.valid is None else arrays.valid[rows, columns],
    )


@dataclass(frozen=True, slots=True)
class ScenePlace:
    """What a format must know of a whole scene before its pixels come.

    Attributes:
        height: Rows.
        width: Columns.
        transform: Pixel to CRS, or None.
        crs: WKT of the CRS, or None.
        masked: Whether there are pixels that are not valid.
    """

    height: int
    width: int
    transform: Affine | None
    crs: str | None
    masked: bool


@dataclass
class Format(ABC):
    """One output in one format.

    An object holds no open file when it is pickled: a shard may be written, and a sample read, by any process.

    Attributes:
        root: The output folder.
        spec: The shape of the store.
    """

    root: Path
    spec: StoreSpec

    name: ClassVar[str]
    """Name of the entry point, of ``--format`` and in the manifest."""

    items: ClassVar[Literal["series", "pairs"]] = "series"
    """What a reader's item is: a whole series, or a pair of images and what changed between them."""

    options: ClassVar[frozenset[str]] = frozenset()
    """Which options of a format it takes from ``spec.options``: ``creation_options``, ``cog``."""

    remote: ClassVar[bool] = False
    """Whether its root may be objects of a store (:class:`~changen_cli.files.ObjectPath`): it writes and reads through
    :mod:`changen_cli.files` alone."""

    foreign_folders: ClassVar[tuple[str, ...]] = ()
    """Folders of the output that another library keeps, and whose files changen knows nothing of; see
    :meth:`check_shard`."""

    def check(self) -> None:  # noqa: B027  (most formats take no options that could be wrong)
        """Finds out whether its options can be used; writes nothing.

        Raises:
            StoreError: If one cannot.
        """

    @abstractmethod
    def create(self) -> None:
        """Makes the skeleton of an empty store (folders, array metadata); what is there stays as it is.

        Raises:
            StoreError: If an option cannot be used, or the disk is full or not writable.
        """

    @abstractmethod
    def write_shard(self, index: int, outcomes: Sequence[Outcome]) -> None:
        """Writes the data of one shard; every file appears under its name whole, or not at all.

        Called for one shard by one process at a time; the caller records the shard as done afterwards. A shard that
        was cut off before it was recorded is written again, and over what was there.

        Args:
            index: 0 .. ``spec.shards`` - 1.
            outcomes: The samples of the shard, in order; for each sample of the shard one.

        Raises:
            StoreError: If the disk is full or not writable; the message names the path and the remedy.
        """

    def check_shard(self, index: int, *, thorough: bool) -> str:
        """Says what is wrong with what the format keeps of a shard in its own folders (:attr:`foreign_folders`).

        Args:
            index: Which shard; it is recorded as done.
            thorough: Whether to read every byte.

        Returns:
            What is wrong, in words; empty if nothing is.
        """
        return ""

    def finish(self, samples: Sequence[SampleRecord]) -> None:  # noqa: B027  (most formats are whole by then)
        """Writes what can only be written when every shard is there (lists, consolidated metadata).

        Args:
            samples: The record of every sample, done or not, in order.

        Raises:
            StoreError: If the disk is full or not writable.
        """

    @abstractmethod
    def read(self, sample: SampleRow, times: Times) -> Arrays:
        """Reads the pixels of one item.

        Args:
            sample: Its row of ``samples.parquet``.
            times: All times of the series, or one of :attr:`pairs` where items are pairs.

        Raises:
            StoreError: If a file is missing or damaged.
        """

    def read_pair(self, sample: SampleRow, pair: Times) -> tuple[UInt8Array, UInt8Array, UInt8Array]:
        """Reads two images and what changed between them; a format that can do so reads nothing else.

        Args:
            sample: Its row of ``samples.parquet``.
            pair: One of :attr:`pairs`.

        Returns:
            Both images, uint8 [3, H, W], and the label, uint8 [H, W], 0 or 1.

        Raises:
            StoreError: If a file is missing or damaged.
        """
        if self.items == "pairs":
            arrays, first = self.read(sample, pair), 0
        else:
            arrays, first = self.read(sample, tuple(range(self.spec.steps + 1))), pair[0]
        return arrays.image[first], arrays.image[first + 1], arrays.change[first]

    def pair_files(self, sample: SampleRow, pair: Times) -> tuple[Path, Path, Path] | None:
        """Returns the PNG files that hold a pair: both images, and the label as 0 and 255.

        Args:
            sample: Its row of ``samples.parquet``.
            pair: One of :attr:`pairs`.

        Returns:
            None where the format has no such files.
        """
        return None

    def raster_folder(self, sample: SampleRow) -> Path | None:
        """Returns the folder of a sample's GeoTIFFs, named as those of ``geotiff``: ``t0.tif``, ``change_t0_t1.tif``.

        Args:
            sample: Its row of ``samples.parquet``.

        Returns:
            None where the format has no such folder.
        """
        return None

    def read_step(self, sample: SampleRow, step: int) -> Arrays:
        """Reads two consecutive dates; a format that can do so reads nothing else.

        Args:
            sample: Its row of ``samples.parquet``.
            step: 1 for the dates 0 and 1.

        Returns:
            What the format has, of two dates and of what changed between them.

        Raises:
            StoreError: If a file is missing or damaged.
        """
        if self.items == "pairs":
            return self.read(sample, (step - 1, step))
        whole = self.read(sample, tuple(range(self.spec.steps + 1)))
        dates = slice(step - 1, step + 1)
        return Arrays(
            image=whole.image[dates],
            change=whole.change[step - 1 : step],
            mask=None if whole.mask is None else whole.mask[dates],
            instance=None if whole.instance is None else whole.instance[dates],
            valid=whole.valid,
        )

    def read_part(self, sample: SampleRow, step: int, window: Window) -> Arrays:
        """Reads a part of two consecutive dates; a format whose series may be large reads nothing else.

        Args:
            sample: Its row of ``samples.parquet``.
            step: 1 for the dates 0 and 1.
            window: Which part; within the series.

        Returns:
            As :meth:`read_step`, of the window alone.

        Raises:
            StoreError: If a file is missing or damaged.
        """
        return cut_arrays(self.read_step(sample, step), window)

    @property
    def pairs(self) -> tuple[Times, ...]:
        """The pairs of times of each sample that :meth:`read_pair` can give: the consecutive ones."""
        return tuple((time, time + 1) for time in range(self.spec.steps))

    @classmethod
    @abstractmethod
    def clear(cls, root: Path) -> None:
        """Deletes what this format wrote into a folder, and nothing else, though the folder may hold another format.

        Args:
            root: The output.

        Raises:
            StoreError: If something cannot be deleted.
        """


class SceneWriter(Protocol):
    """What takes the pixels of a whole scene part by part."""

    def write(self, window: Window, arrays: Arrays) -> None:
        """Writes a part.

        Args:
            window: Where it is; begins at multiples of 512. Parts do not overlap, and cover the scene.
            arrays: What is there; all of it is given.

        Raises:
            StoreError: If the disk is full or not writable.
        """
        ...

    def finish(self) -> Iterator[str]:
        """Makes the files what they are to be.

        Yields:
            The name of each file when it is done, so that whoever waits can be told.

        Raises:
            StoreError: If the disk is full or not writable.
        """
        ...


class SceneFormat(Format):
    """A format that can also hold whole scenes, of any size and each of its own (``--mosaic``)."""

    @abstractmethod
    def scene_writer(self, sample: str, place: ScenePlace) -> AbstractContextManager[SceneWriter]:
        """Starts writing a whole scene; it is under its name when the block ends well, whole, or not at all.

        Args:
            sample: Id of the sample. What is there of an earlier run that was cut off is replaced.
            place: Its size and where it lies.
        """

    @abstractmethod
    def files_of_scene(self) -> int:
        """Returns how many names :meth:`SceneWriter.finish` gives."""
