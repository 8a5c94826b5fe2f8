"""Writes the fake twins of data sets of change pairs: their folders and names, with pictures of noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rasterio
from skimage.io import imsave

from changen_cli.rng import generator
from changen_cli.types import UInt8Array

SIZE = (40, 48)
"""Rows and columns of the pictures."""


def picture(*key: int) -> UInt8Array:
    """Noise, uint8 [H, W, 3]."""
    return generator(11, *key).integers(1, 255, (*SIZE, 3)).astype(np.uint8)


def label(number: int) -> UInt8Array:
    """A rectangle of 255 on 0, uint8 [H, W], in another place for each number."""
    drawn = np.zeros(SIZE, np.uint8)
    drawn[4 + number : 14 + number, 6:20] = 255
    return drawn


def write(path: Path, pixels: UInt8Array) -> None:
    """Writes a picture of any format."""
    path.parent.mkdir(parents=True, exist_ok=True)
    imsave(path, pixels, check_contrast=False)


def write_pair(
    folder: Path,
    name: str,
    number: int,
    names: tuple[str, str, str] = ("A", "B", "label"),
    suffixes: tuple[str, str, str] = (".png", ".png", ".png"),
    scale: int = 1,
) -> None:
    """Writes the three files of a pair; the label is divided by ``scale``."""
    pictures = picture(number, 0), picture(number, 1), label(number) // np.uint8(scale)
    for inside, suffix, pixels in zip(names, suffixes, pictures, strict=True):
        write(folder / inside / f"{name}{suffix}", pixels)


def make_levir(root: Path) -> Path:
    """LEVIR-CD as torchgeo has it: one folder, the split is the beginning of a name."""
    for split, first, count in (("train", 1, 3), ("val", 4, 1), ("test", 5, 2)):
        for number in range(first, first + count):
            write_pair(root, f"{split}_{number}", number)
    return root


def make_levir_plus(root: Path) -> Path:
    """LEVIR-CD+: folders of two splits, in a folder of its name; returns the outer one."""
    for split, first, count in (("train", 1, 3), ("test", 5, 2)):
        for number in range(first, first + count):
            write_pair(root / "LEVIR-CD+" / split, f"{split}_{number}", number)
    return root


def make_s2looking(root: Path) -> Path:
    """S2Looking: Image1, Image2 and label, beside which lie the labels of what was built and of what is gone."""
    for split, first in (("train", 1), ("val", 3), ("test", 5)):
        for number in range(first, first + 2):
            write_pair(root / split, str(number), number, ("Image1", "Image2", "label"))
            for other in ("label1", "label2"):
                write(root / split / other / f"{number}.png", picture(number, 2))
    return root


def make_whu(root: Path, *, masks: bool = True) -> Path:
    """WHU-CD as released: one large GeoTIFF a date and a split, here of one size with the others."""
    for number, split in enumerate(("train", "test")):
        for date, year in enumerate(("2012", "2016")):
            folder = root / year / "whole_image" / split
            write_tif(folder / "image" / f"{year}_{split}.tif", picture(number, date).transpose(2, 0, 1))
            if masks:
                drawn = (label(number) // np.uint8(255)) * np.uint8(date)
                write_tif(folder / "label" / f"{year}_{split}.tif", drawn[None])
        write_tif(root / "change_label" / split / "change_label.tif", label(number)[None] // np.uint8(255))
    return root


def write_tif(path: Path, bands: UInt8Array) -> None:
    """Writes a plain GeoTIFF, tiled."""
    path.parent.mkdir(parents=True, exist_ok=True)
    count, height, width = bands.shape
    with rasterio.open(
        path, "w", driver="GTiff", count=count, height=height, width=width, dtype="uint8", tiled=True,
        blockxsize=16, blockysize=16,
    ) as target:  # fmt: skip
        target.write(bands)
