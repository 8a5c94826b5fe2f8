"""The reading grid: which pixels a scene is read at, and where they lie on the ground."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import pyproj
from affine import Affine, TransformNotInvertibleError
from pyproj.exceptions import ProjError
from rasterio.crs import CRS
from rasterio.errors import RasterioError

from changen_cli.errors import SceneError
from changen_cli.scenes.image.rasters import Raster
from changen_cli.scenes.window import Window

SCENE_PIXELS = 1e12
"""Most pixels of a scene, as read, by default: 1,000,000 x 1,000,000."""

MOST_ENLARGED = 4.0
"""Imagery that is coarser than the suited range by more than this is read as it is: it has not the detail, and enlarged
to it, a scene at 10 m would have hundreds of times its pixels."""

Georeference: TypeAlias = tuple[Affine, CRS]
"""Pixels to CRS coordinates, and the CRS."""


@dataclass(frozen=True)
class GeoBox:
    """The pixels a scene is read at.

    Attributes:
        height: Rows at the reading resolution.
        width: Columns at the reading resolution.
        transform: Reading pixels to CRS coordinates, or None without a georeference.
        crs: CRS, or None.
        scale_x: Columns of the raster per column read.
        scale_y: Rows of the raster per row read.
        ground_resolution: Metres on the ground per pixel read at the centre of the scene, or None if not known.
        chosen_for: The raster's own metres per pixel where another resolution was chosen since they do not suit the
            weights; None where nothing was chosen.
    """

    height: int
    width: int
    transform: Affine | None
    crs: CRS | None
    scale_x: float = 1.0
    scale_y: float = 1.0
    ground_resolution: float | None = None
    chosen_for: float | None = None

    @property
    def resampled(self) -> bool:
        """True if reading pixels are not the pixels of the raster."""
        return (self.scale_x, self.scale_y) != (1.0, 1.0)

    @property
    def whole(self) -> Window:
        """The window that covers the scene."""
        return Window(0, 0, self.height, self.width)

    def transform_of(self, window: Window) -> Affine | None:
        """Returns the transform of a window: its pixels to CRS coordinates."""
        if self.transform is None:
            return None
        return self.transform @ Affine.translation(window.column, window.row)


def make_geobox(
    dataset: Raster,
    path: str,
    resolution: float | None,
    optional: bool,
    fitted: Georeference | None = None,
    most_pixels: float = SCENE_PIXELS,
    suited: tuple[float, float] | None = None,
) -> GeoBox:
    """Lays the reading grid over a raster.

    The grid starts at the raster's top left corner and keeps its CRS. Rows and columns are scaled apart, so pixels are
    square on the ground also where the raster's are not; less than one reading pixel is left out at the right and at
    the bottom. If the raster has that resolution to within half a pixel over its extent, it is read as it is.

    Args:
        dataset: The raster.
        path: Its path, for messages.
        resolution: Metres on the ground per pixel, or None to read the raster's own pixels.
        optional: Read a raster without a georeference at its own pixels instead of refusing it.
        fitted: Transform and CRS found elsewhere, for a raster that has none of its own.
        most_pixels: Most pixels of the grid.
        suited: Without a resolution: the finest and the coarsest that suit; a raster outside is read at the nearer one,
            if it knows its own and is not coarser by more than :data:`MOST_ENLARGED`.

    Raises:
        SceneError: If a resolution is asked for and the raster has no georeference, or less than one such pixel; if its
            transform cannot be used; or if there are more pixels than ``most_pixels``.
    """
    transform, crs = georeference(dataset)
    if fitted is not None and (transform is None or crs is None):
        transform, crs = fitted
    ground = ground_pixel_size(transform, crs, dataset.height, dataset.width)
    known = math.sqrt(ground[0] * ground[1]) if ground else None
    native = GeoBox(dataset.height, dataset.width, transform, crs, ground_resolution=known)
    chosen = None if resolution is not None else _nearest(known, suited)
    resolution = resolution if chosen is None else chosen
    if resolution is None or (ground is None and optional):
        _judge(path, dataset.width, dataset.height, most_pixels)
        return native
    if ground is None or transform is None:
        raise SceneError(
            f"{path}: has no georeference that gives metres, so it cannot be read at {resolution:g} m; give it one "
            "(gdal_edit.py -a_srs EPSG:... -a_ullr ...) or leave the resolution out"
        )
    scale_x, scale_y = resolution / ground[0], resolution / ground[1]
    fit_x, fit_y = dataset.width / scale_x, dataset.height / scale_y
    if abs(fit_x - dataset.width) < 0.5 and abs(fit_y - dataset.height) < 0.5:
        _judge(path, dataset.width, dataset.height, most_pixels)
        return native
    _judge(path, fit_x, fit_y, most_pixels, f" at {resolution:g} m")
    width, height = math.floor(fit_x + 1e-6), math.floor(fit_y + 1e-6)
    if width < 1 or height < 1:
        raise SceneError(
            f"{path}: covers {dataset.width * ground[0]:.3g} x {dataset.height * ground[1]:.3g} m, less than one pixel "
            f"of {resolution:g} m; give a finer resolution"
        )
    scaled = transform @ Affine.scale(scale_x, scale_y)
    return GeoBox(height, width, scaled, crs, scale_x, scale_y, resolution, None if chosen is None else known)


def _nearest(known: float | None, suited: tuple[float, float] | None) -> float | None:
    """Returns the end of a range that a resolution outside of it is nearest to; None if it is not to be changed."""
    if known is None or suited is None or known > suited[1] * MOST_ENLARGED:
        return None
    nearest = min(max(known, suited[0]), suited[1])
    return None if math.isclose(nearest, known, rel_tol=0.01) else nearest  # 0.2686 m is 0.27 m by any other name


def georeference(dataset: Raster) -> tuple[Affine | None, CRS | None]:
    """Returns the transform and CRS of a raster, None for what it does not have.

    An identity transform means that there is none; a CRS without a transform places nothing and counts as none.

    Raises:
        SceneError: If the transform is not finite, or maps all pixels to a line or a point.
    """
    transform = dataset.transform
    if transform.is_identity:
        return None, None
    if not _is_usable(transform):
        raise SceneError(
            f"{dataset.name}: its transform ({', '.join(f'{v:g}' for v in tuple(transform)[:6])}) puts its pixels "
            "nowhere; give it a right one (gdal_edit.py -a_ullr ...), or take it away (gdal_edit.py -unsetgt)"
        )
    return transform, dataset.crs or None


def _is_usable(transform: Affine) -> bool:
    """Tells whether a transform and its inverse are finite numbers."""
    try:
        there, back = tuple(transform)[:6], tuple(~transform)[:6]
    except (TransformNotInvertibleError, ZeroDivisionError, OverflowError):
        return False
    return all(math.isfinite(value) for value in (*there, *back))


def _judge(path: str, width: float, height: float, most: float, how: str = "") -> None:
    if not width * height <= most:
        raise SceneError(
            f"{path}: has {width:.4g} x {height:.4g} pixels{how}, and a scene of more than {most:g} is not read; give "
            "a coarser --resolution or cut it in parts, or raise --max-pixels"
        )


def ground_pixel_size(transform: Affine | None, crs: CRS | None, height: int, width: int) -> tuple[float, float] | None:
    """Measures a pixel on the ellipsoid at the centre of a raster.

    What the CRS calls a metre is not one on the ground (EPSG:3857 is off by 1 / cos(latitude)), and degrees are none.

    Returns:
        Metres along a row and along a column, or None if the CRS does not tell.
    """
    if transform is None or crs is None:
        return None
    try:
        proj = pyproj.CRS.from_wkt(crs.to_wkt())
        geodetic, geod = proj.geodetic_crs, proj.get_geod()
    except (ProjError, RasterioError):
        return None
    if geodetic is None or geod is None:
        return _unit_size(transform, proj)
    x, y = width / 2, height / 2
    dx, dy = min(width, 64) / 2, min(height, 64) / 2
    corners = [transform @ p for p in ((x - dx, y), (x + dx, y), (x, y - dy), (x, y + dy))]
    try:
        to_geodetic = pyproj.Transformer.from_crs(proj, geodetic, always_xy=True)
        lon, lat = to_geodetic.transform([c[0] for c in corners], [c[1] for c in corners])
        degrees = 180 / math.pi if _in_radians(geodetic) else 1.0
        lon, lat = [v * degrees for v in lon], [v * degrees for v in lat]
        _, _, across = geod.inv(lon[0], lat[0], lon[1], lat[1])
        _, _, down = geod.inv(lon[2], lat[2], lon[3], lat[3])
    except (ProjError, ValueError):
        return None
    size = (across / (2 * dx), down / (2 * dy))
    return size if all(math.isfinite(s) and s > 0 for s in size) else None


def _in_radians(geodetic: pyproj.CRS) -> bool:
    return bool(geodetic.axis_info) and geodetic.axis_info[0].unit_name == "radian"


def _unit_size(transform: Affine, proj: pyproj.CRS) -> tuple[float, float] | None:
    """Pixel size by the CRS's unit of length, for local (engineering) systems that no ellipsoid belongs to."""
    if not proj.is_engineering or not proj.axis_info:
        return None
    factor = proj.axis_info[0].unit_conversion_factor
    return math.hypot(transform.a, transform.d) * factor, math.hypot(transform.b, transform.e) * factor
