"""Pairs of files: two images and a label of one size, of any format that rasterio opens, read by window."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
from rasterio.enums import ColorInterp
from rasterio.errors import RasterioError

from changen_cli.errors import SceneError
from changen_cli.pairs.base import ChangePair
from changen_cli.scenes.image.bands import choose_bands
from changen_cli.scenes.image.rasters import BlockCache, Raster, open_raster, reason, to_rasterio
from changen_cli.scenes.image.rescale import chosen_valid
from changen_cli.scenes.window import Window
from changen_cli.types import BoolArray, UInt8Array

LOSSY_FROM = 128
"""Where a label that was packed with loss is change: 0 and 255 come back a little off."""


@dataclass(frozen=True, slots=True)
class PairFiles:
    """The files of a pair.

    Attributes:
        id: Unique in its source.
        before: Path of I_t.
        after: Path of I_t+1.
        label: Path of the change label: 0, or anything else where it changed.
        layouts: Paths of S_t and S_t+1, 0 background; None where there are none.
    """

    id: str
    before: str
    after: str
    label: str
    layouts: tuple[str, str] | None = None


class FilePairs:
    """Pairs of files; see :class:`changen_cli.pairs.base.PairSource`."""

    def __init__(self, name: str, files: Sequence[PairFiles]) -> None:
        """Keeps the names; opens nothing.

        Args:
            name: Of the data set.
            files: Of each pair.
        """
        self.name = name
        self.files = tuple(files)
        self.event_names: tuple[str, ...] = ()
        self.ids: Sequence[str] = tuple(one.id for one in self.files)

    def __len__(self) -> int:
        """Returns the number of pairs."""
        return len(self.files)

    def shape(self, index: int) -> tuple[int, int]:
        """Returns rows and columns of a pair.

        Raises:
            IndexError: If there is no such pair.
            SceneError: If the first image cannot be opened.
        """
        with open_raster(self._at(index).before, "image") as dataset:
            return dataset.height, dataset.width

    def read(self, index: int, window: Window | None = None) -> ChangePair:
        """Reads a pair; see :meth:`changen_cli.pairs.base.PairSource.read`.

        Raises:
            IndexError: If there is no such pair.
            SceneError: If a file is missing or damaged, not of 8 bits, or not of the size of the others.
        """
        files = self._at(index)
        paths = [files.before, files.after, files.label, *(files.layouts or ())]
        with ExitStack() as stack:
            opened = [
                stack.enter_context(open_raster(path, what))
                for path, what in zip(paths, ("image", "image", "label", "mask", "mask"), strict=False)
            ]
            first = opened[0]
            for path, dataset in zip(paths, opened, strict=True):
                if dataset.shape != first.shape:
                    raise SceneError(
                        f"{path}: has {dataset.width} x {dataset.height} pixels, and {files.before} has "
                        f"{first.width} x {first.height}; the files of a pair must be of one size"
                    )
            where = Window(0, 0, first.height, first.width) if window is None else window
            before, seen_before = _read_image(first, files.before, where)
            after, seen_after = _read_image(opened[1], files.after, where)
            change, *layouts = (
                _read_label(dataset, path, where) for path, dataset in zip(paths[2:], opened[2:], strict=True)
            )
        return ChangePair(
            id=files.id,
            before=before,
            after=after,
            change=change,
            valid=seen_before & seen_after,
            layouts=np.stack(layouts) if layouts else None,
        )

    def _at(self, index: int) -> PairFiles:
        if not 0 <= index < len(self.files):
            raise IndexError(f"pair {index} of {len(self.files)}")
        return self.files[index]


def _read_image(dataset: Raster, path: str, window: Window) -> tuple[UInt8Array, BoolArray]:
    """Reads uint8 [3, H, W], zero where not valid, and validity bool [H, W]; a grey image three times."""
    colours = [i for i, meaning in enumerate(dataset.colorinterp, 1) if meaning != ColorInterp.alpha]
    grey = len(colours) == 1 and dataset.colorinterp[0] != ColorInterp.palette
    bands = choose_bands(dataset, path, (colours[0],) * 3 if grey else None).bands
    if any(dataset.dtypes[band - 1] != "uint8" for band in bands):
        raise SceneError(
            f"{path}: pixels are {dataset.dtypes[bands[0] - 1]}, and pairs are read as 8 bits; convert them "
            "(gdal_translate -ot Byte -scale LOW HIGH), both dates alike"
        )
    where = to_rasterio(window)
    try:
        with BlockCache().settings(path):
            image: UInt8Array = dataset.read(list(bands), window=where)
            valid = chosen_valid(dataset, bands, image, window=where)
    except RasterioError as error:
        raise _damaged(path, error) from error
    image[:, ~valid] = 0
    return image, valid


def _read_label(dataset: Raster, path: str, window: Window) -> UInt8Array:
    """Reads uint8 [H, W]: 1 where a label is not 0, else 0; of JPEG from :data:`LOSSY_FROM` on."""
    try:
        with BlockCache().settings(path):
            label = dataset.read(1, window=to_rasterio(window))
    except RasterioError as error:
        raise _damaged(path, error) from error
    changed: BoolArray = label >= LOSSY_FROM if dataset.driver == "JPEG" else label != 0
    return changed.astype(np.uint8)


def _damaged(path: str, error: RasterioError) -> SceneError:
    return SceneError(f"{path}: is damaged or cut short ({reason(error)}); copy it again")
