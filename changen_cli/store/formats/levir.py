"""The LEVIR layout: pairs of PNGs that torchgeo ``LEVIRCDPlus``, torchange and open-cd read with no code.

``LEVIR-CD+/{train,val,test}/{A,B,label}/<sample>__t<i>_t<k>.png`` and ``LEVIR-CD+/list/{train,val,test}.txt``. Every
series gives its consecutive pairs (t, t + 1) and the pairs from the real image on (0, k). ``A`` is I_i, ``B`` is I_k,
``label`` is 255 where S_i and S_k differ and 0 elsewhere. Nothing else is ever inside ``A``, ``B`` and ``label``,
because readers list every file. The splits are the scenes' splits, so no place is in two of them.

The layout has no georeference and no place for class masks, instances or validity; ``samples.parquet`` and
``events.parquet`` beside the tree keep what the tree cannot.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import MemoryFile

from changen_cli.files import disk_errors, make_folder, remove_files, remove_folder_if_empty, write_files
from changen_cli.store.base import Outcome
from changen_cli.store.formats.base import Arrays, Format, Times
from changen_cli.store.gdal import read_raster
from changen_cli.store.records import SampleRecord
from changen_cli.store.tables.samples import SampleRow
from changen_cli.types import Split, UInt8Array

TREE = "LEVIR-CD+"
_FOLDERS = ("A", "B", "label")
_FILE = re.compile(r".+__t\d+_t\d+\.png(?:\.aux\.xml)?")


def pairs(steps: int) -> list[tuple[int, int]]:
    """Returns the pairs of times that a series of so many steps gives: consecutive ones, then those from 0 on."""
    return [(time, time + 1) for time in range(steps)] + [(0, time) for time in range(2, steps + 1)]


def pair_name(sample: str, pair: tuple[int, int]) -> str:
    """Returns the file name of a pair of a sample, with its extension."""
    return f"{sample}__t{pair[0]}_t{pair[1]}.png"


class LevirFormat(Format):
    """Writes and reads series as pairs in the LEVIR-CD+ layout, the tree ``LEVIR-CD+`` in the output folder."""

    name: ClassVar[str] = "levir"
    items: ClassVar[Literal["series", "pairs"]] = "pairs"

    @property
    def pairs(self) -> tuple[Times, ...]:
        """The consecutive pairs of times, then those from 0 on."""
        return tuple(pairs(self.spec.steps))

    def create(self) -> None:
        """Makes the folders of all three splits; readers ask for them even where they are empty.

        Raises:
            StoreError: If the disk is full or not writable.
        """
        for split in Split:
            for folder in _FOLDERS:
                make_folder(self.root / TREE / split / folder)
        make_folder(self.root / TREE / "list")

    def write_shard(self, index: int, outcomes: Sequence[Outcome]) -> None:
        """Writes the pairs of one shard; those of samples that are not done are removed."""
        written = set()

        def files() -> Iterator[tuple[Path, bytes]]:
            for path, data in self._files(outcomes):
                written.add(path)
                yield path, data

        write_files(self.root, files())
        remove_files(path for outcome in outcomes for path in self._paths(outcome.id) if path not in written)

    def finish(self, samples: Sequence[SampleRecord]) -> None:
        """Writes the lists of pairs, one line each, with extension.

        Args:
            samples: The record of every sample, done or not, in order.

        Raises:
            StoreError: If the disk is full or not writable.
        """
        lists: dict[str, list[str]] = {split: [] for split in Split}
        for sample in samples:
            if sample.split is not None:
                lists[sample.split] += [pair_name(sample.id, pair) for pair in pairs(self.spec.steps)]
        folder = self.root / TREE / "list"
        write_files(
            self.root,
            [
                (folder / f"{split}.txt", "".join(f"{n}\n" for n in sorted(names)).encode())
                for split, names in lists.items()
            ],
        )

    def read(self, sample: SampleRow, times: Times) -> Arrays:
        """Reads a pair; there are no masks, instances and validity."""
        before, after, label = self.read_pair(sample, times)
        return Arrays(image=np.stack([before, after]), change=label[None])

    def read_pair(self, sample: SampleRow, pair: Times) -> tuple[UInt8Array, UInt8Array, UInt8Array]:
        """Reads the files of a pair, the label as 0 and 1."""
        before, after, label = self.pair_files(sample, pair)
        return read_raster(before), read_raster(after), (read_raster(label)[0] != 0).astype(np.uint8)

    def pair_files(self, sample: SampleRow, pair: Times) -> tuple[Path, Path, Path]:
        """Returns the files of a pair."""
        first, second = pair
        folder, name = self.root / TREE / sample["split"], pair_name(sample["sample"], (first, second))
        return folder / "A" / name, folder / "B" / name, folder / "label" / name

    @classmethod
    def clear(cls, root: Path) -> None:
        """Deletes the tree that changen wrote into a folder; other files in it stay.

        Args:
            root: The output.

        Raises:
            StoreError: If something cannot be deleted.
        """
        tree = root / TREE
        for split in Split:
            for name in _FOLDERS:
                folder = tree / split / name
                with disk_errors(folder):
                    files = [path for path in folder.iterdir() if _FILE.fullmatch(path.name)] if folder.is_dir() else []
                remove_files(files)
                remove_folder_if_empty(folder)
            remove_folder_if_empty(tree / split)
        remove_files(tree / "list" / f"{split}.txt" for split in Split)
        remove_folder_if_empty(tree / "list")
        remove_folder_if_empty(tree)

    def _files(self, outcomes: Sequence[Outcome]) -> Iterator[tuple[Path, bytes]]:
        """Encodes the files of a shard; each image once, however many pairs it is in."""
        for outcome in outcomes:
            series = outcome.series
            if series is None:
                continue
            folder = self.root / TREE / series.split
            images = [encode_png(image) for image in series.images]
            for pair in pairs(self.spec.steps):
                before, after = pair
                label = (series.masks[before] != series.masks[after]).astype(np.uint8) * np.uint8(255)
                name = pair_name(series.id, pair)
                yield folder / "A" / name, images[before]
                yield folder / "B" / name, images[after]
                yield folder / "label" / name, encode_png(label[None])

    def _paths(self, sample: str) -> Iterator[Path]:
        """Yields every path that a sample could have."""
        for split in Split:
            for folder in _FOLDERS:
                for pair in pairs(self.spec.steps):
                    yield self.root / TREE / split / folder / pair_name(sample, pair)


def encode_png(bands: UInt8Array) -> bytes:
    """Encodes an image as PNG.

    The lowest level of deflate: aerial imagery packs 2 % better at the highest, in more than twice the time.

    Args:
        bands: uint8 [1 or 3, H, W].
    """
    count, height, width = bands.shape
    with warnings.catch_warnings(), MemoryFile() as memory:
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with memory.open(driver="PNG", count=count, height=height, width=width, dtype="uint8", zlevel=1) as target:
            target.write(bands)
        return bytes(memory.getbuffer())
