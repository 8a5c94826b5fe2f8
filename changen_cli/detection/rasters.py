"""Two rasters of two dates, read on one grid."""

from __future__ import annotations

import math
from contextlib import ExitStack
from types import TracebackType
from typing import Self

import numpy as np
from rasterio.crs import CRS
from rasterio.enums import ColorInterp, Resampling
from rasterio.errors import RasterioError
from rasterio.vrt import WarpedVRT
from rasterio.warp import transform_bounds

from changen_cli.detection.windows import Images
from changen_cli.errors import SceneError
from changen_cli.scenes.image.bands import choose_bands
from changen_cli.scenes.image.geobox import GeoBox, georeference, ground_pixel_size, make_geobox
from changen_cli.scenes.image.pixels import Pixels
from changen_cli.scenes.image.rasters import BlockCache, Raster, open_raster, reason
from changen_cli.scenes.options import Bands, ReadOptions
from changen_cli.scenes.window import Window

COARSER = 1.5
"""From how many pixels a side to one on the mean of all is taken; below, what is between the nearest four."""

Bounds = tuple[float, float, float, float]
"""Left, bottom, right, top."""


class RasterPair:
    """Two rasters on the grid of the first, or on that grid at another resolution; a context manager.

    The second is warped where its grid is another one. Rasters that have no georeference, neither of them, are laid on
    each other pixel by pixel. Memory does not grow with the rasters; PNG and JPEG up to 64 megapixels are kept whole.

    Attributes:
        grid: What both are read on.
        native: Whether the pixels of the second are read as they are.
    """

    def __init__(
        self,
        before: str,
        after: str,
        *,
        resolution: float | None = None,
        bands: Bands | None = None,
        after_bands: Bands | None = None,
        rescale: str | None = None,
    ) -> None:
        """Opens both and settles the grid; reads no pixels.

        Args:
            before: Raster of the first date, anything rasterio opens.
            after: Raster of the second date.
            resolution: Ground metres per pixel; None for those of the first.
            bands: Red, green and blue of both, from 1; None to go by the colour interpretation.
            after_bands: Those of the second, where they are others.
            rescale: As of :class:`changen_cli.scenes.options.ReadOptions`.

        Raises:
            SceneError: If one cannot be opened, only one has a georeference, they do not overlap, they have none and
                are of different size, or the bands or the pixel type need a word from the user.
        """
        self._stack = ExitStack()
        self._paths = before, after
        try:
            first, second = (self._stack.enter_context(open_raster(path)) for path in (before, after))
            self.grid = make_geobox(first, before, resolution, optional=False)
            laid = self._lay(second)
            self.native = laid is second
            cache = BlockCache()
            options = ReadOptions(bands=bands, rescale=rescale)
            self._before = Pixels(first, before, self.grid, options, cache)
            chosen = choose_bands(second, after, after_bands or bands).bands
            self._after = Pixels(laid, after, _plain(self.grid), ReadOptions(bands=chosen, rescale=rescale), cache)
        except BaseException:
            self._stack.close()
            raise

    def read(self, window: Window) -> Images:
        """Reads a window of the grid.

        Args:
            window: Lies within the grid.

        Returns:
            Both images, uint8 [3, H, W], zero where not valid, and where both are, bool [H, W].

        Raises:
            SceneError: If a file is damaged there.
        """
        path = self._paths[1]
        try:
            after, valid = self._after.read(window)
            if not valid.any():  # the grid of the first may reach far beyond the second
                return np.zeros_like(after), after, valid
            path = self._paths[0]
            before, seen = self._before.read(window)
        except RasterioError as error:
            raise SceneError(
                f"{path}: rows {window.row} to {window.row + window.height}, columns {window.column} to "
                f"{window.column + window.width} of the grid cannot be read ({reason(error)}); the file is damaged or "
                "cut short: copy it again"
            ) from error
        return before, after, valid & seen

    def close(self) -> None:
        """Closes both."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _lay(self, second: Raster) -> Raster:
        """Returns the second raster on the grid: as it is, or warped."""
        before, after = self._paths
        grid = self.grid
        transform, crs = georeference(second)
        there = transform is not None and crs is not None
        if (grid.transform is None or grid.crs is None) and not there:
            if second.shape != (grid.height, grid.width):
                raise SceneError(
                    f"{after}: has {second.width} x {second.height} pixels, {before} has {grid.width} x {grid.height}, "
                    "and neither has a georeference that says how they lie on each other; cut them to one size, or "
                    "give both a georeference"
                )
            return second
        if grid.transform is None or grid.crs is None or transform is None or crs is None:
            without, other = (before, after) if there else (after, before)
            raise SceneError(
                f"{without}: has no georeference (a transform and a CRS), and {other} has one; give it one "
                "(gdal_edit.py -a_srs EPSG:... -a_ullr ...), or compare it with a raster of equal size without"
            )
        self._check_overlap(second, crs)
        same = crs == grid.crs and grid.transform.almost_equals(transform, 1e-6 * abs(transform.a))
        if not grid.resampled and same and second.shape == (grid.height, grid.width):
            return second
        alpha = ColorInterp.alpha in second.colorinterp
        try:
            return self._stack.enter_context(
                WarpedVRT(
                    second,
                    crs=grid.crs,
                    transform=grid.transform,
                    height=grid.height,
                    width=grid.width,
                    resampling=_resampling(second, grid),
                    add_alpha=not alpha and second.nodata is None,
                )
            )
        except (RasterioError, ValueError) as error:
            raise SceneError(f"{after}: cannot be laid on the grid of {before} ({reason(error)})") from error

    def _check_overlap(self, second: Raster, crs: CRS) -> None:
        grid = self.grid
        ours = _bounds(grid)
        try:
            theirs = transform_bounds(crs, grid.crs, *_bounds(_box(second)), densify_pts=21)
        except RasterioError as error:
            raise SceneError(
                f"{self._paths[1]}: lies where the CRS of {self._paths[0]} does not reach ({reason(error)})"
            ) from error
        across = min(ours[2], theirs[2]) - max(ours[0], theirs[0])
        along = min(ours[3], theirs[3]) - max(ours[1], theirs[1])
        if not (across > 0 and along > 0):
            raise SceneError(
                f"{self._paths[0]} and {self._paths[1]} do not overlap: they cover {_said(ours)} and {_said(theirs)} "
                "in the CRS of the first; name two rasters of one place"
            )


def _plain(grid: GeoBox) -> GeoBox:
    """Returns the grid as that of a raster that has its very pixels."""
    return GeoBox(grid.height, grid.width, grid.transform, grid.crs, ground_resolution=grid.ground_resolution)


def _box(dataset: Raster) -> GeoBox:
    return GeoBox(dataset.height, dataset.width, dataset.transform, dataset.crs)


def _bounds(box: GeoBox) -> Bounds:
    """Returns what a grid covers, also where it is rotated."""
    assert box.transform is not None, "only what has a georeference is placed"
    corners = [box.transform @ corner for corner in ((0, 0), (box.width, 0), (0, box.height), (box.width, box.height))]
    x, y = zip(*corners, strict=True)
    return min(x), min(y), max(x), max(y)


def _resampling(second: Raster, grid: GeoBox) -> Resampling:
    """Returns the mean where the grid is coarser than the raster, else what is between the nearest pixels."""
    fine = ground_pixel_size(second.transform, second.crs, second.height, second.width)
    coarse = ground_pixel_size(grid.transform, grid.crs, grid.height, grid.width)
    if fine is None or coarse is None:
        return Resampling.bilinear
    ratio = math.sqrt(coarse[0] * coarse[1] / (fine[0] * fine[1]))
    return Resampling.average if ratio >= COARSER else Resampling.bilinear


def _said(bounds: Bounds) -> str:
    return f"({', '.join(f'{value:.7g}' for value in bounds)})"
