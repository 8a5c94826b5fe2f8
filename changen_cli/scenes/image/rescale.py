"""Making 8-bit pixels of any others, with stated limits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from rasterio.windows import Window as RasterioWindow

from changen_cli.errors import SceneError
from changen_cli.scenes.image.bands import BandChoice
from changen_cli.scenes.image.rasters import Raster
from changen_cli.scenes.options import ReadOptions
from changen_cli.types import AnyArray, BoolArray, UInt8Array

_PERCENTILES = (2.0, 98.0)
_SAMPLE = 1024
_PATCHES = 16
_PATCH = 64
_LARGE = 1e18

WHOLE_PIXELS = 64_000_000
"""Most pixels of a raster without overviews that ``auto`` reads whole."""


@dataclass(frozen=True)
class Rescale:
    """Linear limits: ``low`` becomes 0 and ``high`` 255, for all three bands alike.

    Attributes:
        low: Value that becomes 0.
        high: Value that becomes 255.
        why: Where the limits come from, for the manifest.
    """

    low: float
    high: float
    why: str

    def apply(self, pixels: AnyArray) -> UInt8Array:
        """Returns uint8 pixels, rounded to nearest and clipped; NaN becomes 0.

        Args:
            pixels: Any real type and shape.
        """
        # float32 cannot hold differences of numbers near its own end
        kind = np.dtype(np.float32 if max(abs(self.low), abs(self.high)) < _LARGE else np.float64)
        with np.errstate(over="ignore", invalid="ignore"):
            scaled: AnyArray = pixels.astype(kind) - kind.type(self.low)
            scaled *= kind.type(255 / (self.high - self.low))
        np.nan_to_num(scaled, copy=False, nan=0.0, posinf=255.0, neginf=0.0)
        pixels_of_bytes: UInt8Array = np.clip(np.rint(scaled, out=scaled), 0, 255, out=scaled).astype(np.uint8)
        return pixels_of_bytes


def needs_rescale(dataset: Raster, choice: BandChoice) -> bool:
    """Tells whether any band chosen is not 8-bit."""
    return any(dataset.dtypes[band - 1] != "uint8" for band in choice.bands)


def check_rescale(dataset: Raster, path: str, choice: BandChoice, options: ReadOptions) -> None:
    """Refuses a raster that needs limits and has none.

    Raises:
        SceneError: If the raster is not 8-bit and no rescale is given.
    """
    if options.rescale is None and needs_rescale(dataset, choice):
        dtype = dataset.dtypes[choice.bands[0] - 1]
        raise SceneError(
            f"{path}: pixels are {dtype}, not 8-bit, and how to show them must be said; give --rescale LOW:HIGH, as in "
            "--rescale 0:3000, or --rescale auto"
        )


def make_rescale(
    dataset: Raster, path: str, choice: BandChoice, options: ReadOptions, whole_pixels: int = WHOLE_PIXELS
) -> Rescale | None:
    """Settles the limits for one raster.

    ``auto`` reads a decimated copy of the raster (at most 1024 x 1024 pixels). Where that would mean reading a huge
    raster whole, since it has no overviews, a regular 16 x 16 grid of small patches stands for it. Either way the same
    file gives the same limits in every process.

    Args:
        dataset: The raster, in the environment that it is to be read in.
        path: Its path, for messages.
        choice: The bands.
        options: Where ``rescale`` is.
        whole_pixels: Most pixels of a raster without overviews that is read whole.

    Returns:
        The limits, or None for 8-bit pixels.

    Raises:
        SceneError: If ``auto`` finds no limits that are numbers.
    """
    if not needs_rescale(dataset, choice):
        return None
    stated = options.limits()
    if stated is not None:
        return Rescale(*stated, "given")
    samples = _sample(dataset, choice, whole_pixels)
    if not samples.size:
        return Rescale(0.0, 1.0, "auto: the scene has no valid pixels")
    with np.errstate(over="ignore", invalid="ignore"):
        low, high = (float(v) for v in np.percentile(samples, _PERCENTILES))
    if high <= low:
        high = low + max(1.0, abs(low) * 1e-6)
    if not np.isfinite([low, high, high - low]).all():
        raise SceneError(f"{path}: pixels are so large that --rescale auto finds no limits; give --rescale LOW:HIGH")
    return Rescale(low, high, "auto: 2nd and 98th percentile")


def chosen_valid(
    dataset: Raster,
    bands: tuple[int, int, int],
    pixels: AnyArray,
    *,
    window: RasterioWindow | None = None,
    out_shape: tuple[int, int, int] | None = None,
) -> BoolArray:
    """Returns which pixels are valid, bool [H, W].

    A pixel is invalid where the raster's mask or alpha says so, where all three bands are nodata (one alone is a dark
    colour), or where any band is NaN or infinite.

    Args:
        dataset: The raster, in the environment that it is to be read in.
        bands: Those read.
        pixels: What was read of them, [3, H, W].
        window: The window that they were read with, or None for all of the raster.
        out_shape: The shape that they were read with, or None.
    """
    flags = [flag.name for flag in dataset.mask_flag_enums[bands[0] - 1]]
    valid = np.ones(pixels.shape[1:], np.bool_)
    if "per_dataset" in flags or "alpha" in flags:
        flat = None if out_shape is None else out_shape[-2:]
        valid = dataset.read_masks(bands[0], window=window, out_shape=flat) != 0
    elif "all_valid" not in flags:
        valid = (dataset.read_masks(list(bands), window=window, out_shape=out_shape) != 0).any(axis=0)
    if pixels.dtype.kind == "f":
        valid = valid & np.isfinite(pixels).all(axis=0)
    return valid


def _sample(dataset: Raster, choice: BandChoice, whole_pixels: int) -> AnyArray:
    bands = choice.bands
    if dataset.width * dataset.height <= whole_pixels or dataset.overviews(bands[0]):
        shape = (3, min(dataset.height, _SAMPLE), min(dataset.width, _SAMPLE))
        pixels = dataset.read(list(bands), out_shape=shape)
        return np.asarray(pixels[:, chosen_valid(dataset, bands, pixels, out_shape=shape)])
    found = []
    height, width = min(_PATCH, dataset.height), min(_PATCH, dataset.width)
    for row in np.linspace(0, dataset.height - height, _PATCHES).astype(int).tolist():
        for column in np.linspace(0, dataset.width - width, _PATCHES).astype(int).tolist():
            window = RasterioWindow(column, row, width, height)
            pixels = dataset.read(list(bands), window=window)
            found.append(pixels[:, chosen_valid(dataset, bands, pixels, window=window)])
    return np.concatenate(found, axis=1)
