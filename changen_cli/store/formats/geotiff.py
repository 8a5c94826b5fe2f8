"""GeoTIFF folders: one folder per sample, one file per frame, in any GIS without a plugin.

========================== ==================== ==================================================
file                       bands                values
========================== ==================== ==================================================
``t<k>.tif``               3 of uint8           I_k, with the validity as an internal mask
``mask_t<k>.tif``          1 of uint8, coloured S_k, class, 0 background
``instance_t<k>.tif``      1 of int32           uid of the object, 0 background
``change_t<k>_t<k+1>.tif`` 1 of uint8, coloured 1 where S_k and S_k+1 differ, else 0
========================== ==================== ==================================================

Class and change masks carry a colour table, so that a GIS shows 0 and 1 apart; the values are plain for everyone else.
A whole scene (``--mosaic``) has the same files, of its full size and always cloud optimised.
Labels are always packed without loss, whatever the creation options say: those are the imagery's.
"""

from __future__ import annotations

import colorsys
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import rasterio
import rasterio.shutil
from affine import Affine
from rasterio.crs import CRS
from rasterio.enums import ColorInterp
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import MemoryFile

from changen_cli.errors import StoreError
from changen_cli.files import disk_errors, make_folder, remove_folder, replacing_folder, write_folders
from changen_cli.scenes.window import Window
from changen_cli.store.base import Outcome, Series
from changen_cli.store.formats.base import Arrays, SceneFormat, ScenePlace, Times
from changen_cli.store.gdal import GDAL_ERRORS, gdal_warnings, read_raster
from changen_cli.store.scene_rasters import RasterKind, SceneRasters
from changen_cli.store.tables.samples import SampleRow
from changen_cli.types import AnyArray, BoolArray, UInt8Array

PLAIN: Mapping[str, object] = {"compress": "deflate", "predictor": 2, "zlevel": 1, "tiled": True}
COG: Mapping[str, object] = {"compress": "deflate", "predictor": "standard", "level": 1}

_FILE = re.compile(r"(?:(?:mask_|instance_)?t\d+|change_t\d+_t\d+)\.tif(?:\.aux\.xml)?")

_REFUSALS: tuple[type[Exception], ...] = (*GDAL_ERRORS, TypeError, ValueError)

Colors = dict[int, tuple[int, int, int, int]]


class GeoTiffFormat(SceneFormat):
    """Writes and reads each sample as a folder of GeoTIFFs.

    Two options are read from ``spec.options``: ``creation_options``, a dict that is handed to the GTiff driver (or the
    COG driver) as it is, in place of the defaults, for images; and ``cog``, True for cloud optimised GeoTIFFs.
    """

    name: ClassVar[str] = "geotiff"
    options: ClassVar[frozenset[str]] = frozenset({"creation_options", "cog"})

    def create(self) -> None:
        """Makes the folder, and tries the creation options.

        Raises:
            StoreError: If GDAL does not take the creation options, or the disk is not writable.
        """
        make_folder(self.root)
        self.check()

    def check(self) -> None:
        """Tries the creation options on a small image in memory.

        Raises:
            StoreError: If GDAL does not take them.
        """
        image = np.zeros((3, 16, 16), np.uint8)
        # GDAL drops an option that it does not know, or a value of one, with no more than a warning.
        with gdal_warnings() as warned:
            self._image(image, np.zeros((16, 16), bool), None, None, "a test image")
        if warned:
            raise StoreError(f"GDAL does not take the creation options: {warned[0]}; change them")

    def write_shard(self, index: int, outcomes: Sequence[Outcome]) -> None:
        """Writes the folders of one shard; those of samples that are not done are removed."""
        for outcome in outcomes:
            self._remove_folder(self.root / outcome.id)
        write_folders(
            self.root,
            ((self.root / one.id, self._files(one)) for outcome in outcomes if (one := outcome.series) is not None),
        )

    @contextmanager
    def scene_writer(self, sample: str, place: ScenePlace) -> Iterator[_SceneWriter]:
        """Writes the folder of a whole scene, its files cloud optimised whatever is asked of tiles."""
        crs = CRS.from_wkt(place.crs) if place.crs else None
        folder = self.root / sample
        self._remove_folder(folder)
        with (
            replacing_folder(self.root, folder) as scratch,
            SceneRasters(
                scratch, self._kinds(), (place.height, place.width), place.transform, crs, masked=place.masked
            ) as rasters,
        ):
            yield _SceneWriter(rasters)

    def files_of_scene(self) -> int:
        """Returns the number of files of a folder."""
        return len(self._kinds())

    def _kinds(self) -> list[RasterKind]:
        """Lists the files of a folder."""
        given = self.spec.options.get("creation_options")
        images = dict(given) if isinstance(given, Mapping) and given else dict(COG)
        mean: dict[str, object] = {**images, "overview_resampling": "average"}
        nearest: dict[str, object] = {**COG, "overview_resampling": "nearest"}
        times, steps = range(self.spec.steps + 1), range(self.spec.steps)
        return [
            *(RasterKind(f"t{t}.tif", 3, "uint8", mean) for t in times),
            *(RasterKind(f"mask_t{t}.tif", 1, "uint8", nearest, class_colors()) for t in times),
            *(RasterKind(f"instance_t{t}.tif", 1, "int32", nearest) for t in times),
            *(RasterKind(f"change_t{t}_t{t + 1}.tif", 1, "uint8", nearest, change_colors()) for t in steps),
        ]

    def read(self, sample: SampleRow, times: Times) -> Arrays:
        """Reads every file of a sample's folder."""
        return self._read(sample, times, None)

    def raster_folder(self, sample: SampleRow) -> Path:
        """Returns the folder of a sample."""
        return self.root / sample["sample"]

    def read_step(self, sample: SampleRow, step: int) -> Arrays:
        """Reads the files of two dates."""
        return self._read(sample, (step - 1, step), None)

    def read_part(self, sample: SampleRow, step: int, window: Window) -> Arrays:
        """Reads a window of the files of two dates, and not more of them than the blocks that it touches."""
        return self._read(sample, (step - 1, step), window)

    def _read(self, sample: SampleRow, times: Times, window: Window | None) -> Arrays:
        folder = self.root / sample["sample"]

        def label(name: str) -> AnyArray:
            band: AnyArray = read_raster(folder / f"{name}.tif", window=window)[0]
            return band

        return Arrays(
            image=np.stack([read_raster(folder / f"t{t}.tif", window=window) for t in times]),
            change=np.stack([label(f"change_t{t}_t{t + 1}") for t in times[:-1]]),
            mask=np.stack([label(f"mask_t{t}") for t in times]),
            instance=np.stack([label(f"instance_t{t}") for t in times]),
            valid=read_raster(folder / "t0.tif", mask=True, window=window) != 0,
        )

    def read_pair(self, sample: SampleRow, pair: Times) -> tuple[UInt8Array, UInt8Array, UInt8Array]:
        """Reads two images and their change mask."""
        folder = self.root / sample["sample"]
        first, second = pair
        label = read_raster(folder / f"change_t{first}_t{second}.tif")[0]
        return read_raster(folder / f"t{first}.tif"), read_raster(folder / f"t{second}.tif"), label

    @classmethod
    def clear(cls, root: Path) -> None:
        """Deletes the sample folders that changen wrote into a folder; one that holds anything else stays.

        Args:
            root: The output.

        Raises:
            StoreError: If something cannot be deleted.
        """
        with disk_errors(root):
            folders = [path for path in root.iterdir() if path.is_dir() and not path.name.startswith(".")]
        for folder in sorted(folders):
            with disk_errors(folder):
                files = sorted(folder.iterdir())
            names = {path.name for path in files}
            if {"t0.tif", "mask_t0.tif", "instance_t0.tif"} <= names and all(_FILE.fullmatch(name) for name in names):
                remove_folder(root, folder)

    def _remove_folder(self, folder: Path) -> None:
        """Removes the folder of a sample that a killed run has left; refuses one with a file of anybody else."""
        with disk_errors(folder):
            files = sorted(folder.iterdir()) if folder.is_dir() else []
        foreign = [path.name for path in files if not _FILE.fullmatch(path.name)]
        if foreign:
            raise StoreError(f"{folder} holds {foreign[0]}, which changen did not write; move it away and run again")
        remove_folder(self.root, folder)

    def _files(self, series: Series) -> Iterator[tuple[str, bytes]]:
        """Encodes the files of one sample."""
        crs = CRS.from_wkt(series.crs) if series.crs else None
        for time, image in enumerate(series.images):
            yield f"t{time}.tif", self._image(image, series.valid, series.transform, crs, series.id)
        masks = ("mask", series.masks, class_colors()), ("instance", series.instances, None)
        for name, frames, colors in masks:
            for time, frame in enumerate(frames):
                yield f"{name}_t{time}.tif", self._label(frame, series.transform, crs, series.id, colors)
        for time, frame in enumerate(series.changes):
            data = self._label(frame, series.transform, crs, series.id, change_colors())
            yield f"change_t{time}_t{time + 1}.tif", data

    def _image(self, image: AnyArray, valid: BoolArray, transform: Affine | None, crs: CRS | None, what: str) -> bytes:
        """Encodes one frame."""
        given = self.spec.options.get("creation_options")
        options = given if isinstance(given, Mapping) else COG if self._cog else PLAIN
        return encode_geotiff(image, transform, crs, options, what, cog=self._cog, valid=valid)

    def _label(
        self, label: AnyArray, transform: Affine | None, crs: CRS | None, what: str, colors: Colors | None
    ) -> bytes:
        """Encodes one mask."""
        options = COG if self._cog else PLAIN
        return encode_geotiff(label[None], transform, crs, options, what, cog=self._cog, colors=colors)

    @property
    def _cog(self) -> bool:
        """Whether cloud optimised GeoTIFFs are asked for."""
        return bool(self.spec.options.get("cog", False))


@dataclass(frozen=True, slots=True)
class _SceneWriter:
    """Gives each raster of a scene its part of the arrays."""

    rasters: SceneRasters

    def write(self, window: Window, arrays: Arrays) -> None:
        masks, instances, valid = arrays.mask, arrays.instance, arrays.valid
        if masks is None or instances is None or valid is None:
            raise StoreError("a whole scene is written with its masks, instances and validity")
        pixels: dict[str, AnyArray] = {f"t{t}.tif": image for t, image in enumerate(arrays.image)}
        pixels |= {f"mask_t{t}.tif": mask[None] for t, mask in enumerate(masks)}
        pixels |= {f"instance_t{t}.tif": instance[None] for t, instance in enumerate(instances)}
        pixels |= {f"change_t{t}_t{t + 1}.tif": change[None] for t, change in enumerate(arrays.change)}
        self.rasters.write(window, pixels, valid)

    def finish(self) -> Iterator[str]:
        return self.rasters.pack()


def encode_geotiff(
    bands: AnyArray,
    transform: Affine | None,
    crs: CRS | None,
    options: Mapping[str, object],
    what: str,
    *,
    cog: bool,
    valid: BoolArray | None = None,
    colors: Colors | None = None,
) -> bytes:
    """Encodes a raster as a GeoTIFF in memory, so that a full disk cannot be swallowed by GDAL.

    Args:
        bands: [bands, H, W], uint8 or int32.
        transform: Pixel to CRS, or None.
        crs: CRS, or None.
        options: Creation options of the driver, GTiff or COG.
        what: What an error is about.
        cog: True for a cloud optimised GeoTIFF.
        valid: bool [H, W]; written as an internal mask where something is not valid.
        colors: Colour table of a single band.

    Returns:
        The file.

    Raises:
        StoreError: If GDAL cannot write it; the usual reason is a creation option.
    """
    count, height, width = bands.shape
    profile: dict[str, object] = {
        "driver": "GTiff",
        "count": count,
        "height": height,
        "width": width,
        "dtype": bands.dtype,
    }
    if crs is not None:
        profile["crs"] = crs
    if transform is not None:
        profile["transform"] = transform
    if not cog:
        profile.update(options)
    try:
        with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), warnings.catch_warnings(), MemoryFile() as plain:
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with plain.open(**profile) as target:
                if colors is not None:
                    # Before the pixels: a TIFF cannot turn into a palette image afterwards.
                    target.write_colormap(1, colors)
                target.write(bands)
                if count == 3:
                    target.colorinterp = (ColorInterp.red, ColorInterp.green, ColorInterp.blue)
                if valid is not None and not valid.all():
                    target.write_mask(valid)
            if not cog:
                return bytes(plain.getbuffer())
            with plain.open() as source, MemoryFile(ext=".tif") as optimised:
                rasterio.shutil.copy(source, optimised.name, driver="COG", **options)
                return bytes(optimised.getbuffer())
    except _REFUSALS as error:
        given = ", ".join(f"{key}={value}" for key, value in options.items())
        raise StoreError(f"GDAL cannot write {what} with {given}: {error}; change the creation options") from error


def change_colors() -> Colors:
    """Returns the colour table of change masks: black, and white where something changed."""
    return {0: (0, 0, 0, 255), 1: (255, 255, 255, 255)}


def class_colors() -> Colors:
    """Returns the colour table of class masks: black background, and 255 colours that are far apart."""
    table: Colors = {0: (0, 0, 0, 255)}
    for category in range(1, 256):
        # Steps of the golden ratio around the colour circle: neighbouring classes never look alike.
        red, green, blue = colorsys.hsv_to_rgb((0.05 + (category - 1) * 0.618034) % 1.0, 0.75, 1.0)
        table[category] = (round(red * 255), round(green * 255), round(blue * 255), 255)
    return table
