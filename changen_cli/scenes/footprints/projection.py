"""Where vectors lie on a scene: from the CRS of a file to pixels at the reading resolution, and back for extents."""

from __future__ import annotations

import numpy as np
import shapely
from affine import Affine
from pyproj import CRS, Transformer
from pyproj.exceptions import ProjError

from changen_cli.errors import SceneError
from changen_cli.scenes.footprints.geometry import scale
from changen_cli.scenes.footprints.tangles import Geometries
from changen_cli.scenes.footprints.vector_file import Box, VectorFile
from changen_cli.scenes.image.geobox import GeoBox
from changen_cli.scenes.options import PIXEL_CRS
from changen_cli.scenes.window import Window
from changen_cli.types import AnyArray

_EDGE_POINTS = 21


class Projection:
    """Moves geometries between a vector file's CRS and the pixels of a scene.

    Attributes:
        crs: The file's CRS; None if its coordinates are columns and rows of the raster.
    """

    def __init__(self, file: VectorFile, image: str, grid: GeoBox, crs: str | None, option: str | None = None) -> None:
        """Settles how a file lies on a scene.

        Args:
            file: The vector file.
            image: Path of the raster, for messages.
            grid: The reading grid of the scene.
            crs: CRS of the file that overrides what it says, ``"pixel"``, or None.
            option: The option that states it, for messages; None if no option does.

        Raises:
            SceneError: If the raster or the file has no CRS, or the one cannot be projected to the other.
        """
        self._grid = grid
        self._transformer: Transformer | None = None
        self._to_raster: Affine | None = None
        if crs == PIXEL_CRS:
            self.crs = None
            return
        self.crs = file.crs if crs is None else CRS.from_user_input(crs)
        if self.crs is None:
            remedy = "write it into the file (ogr2ogr -a_srs EPSG:... with_crs.gpkg ...)"
            if option is not None:
                remedy = f"say it with {option} EPSG:..., or {option} {PIXEL_CRS} for pixel coordinates, or {remedy}"
            raise SceneError(
                f"{file.path}: does not say which CRS its coordinates are in, and none is assumed; {remedy}"
            )
        if grid.crs is None or grid.transform is None:
            raise SceneError(
                f"{image}: has no CRS, so {file.path} cannot be laid on it; georeference it (gdal_edit.py -a_srs "
                f"EPSG:... -a_ullr ...), or say --footprints-crs {PIXEL_CRS} if vectors are in its pixel coordinates"
            )
        self._to_raster = grid.transform
        ours = CRS.from_wkt(grid.crs.to_wkt())
        if not self.crs.equals(ours, ignore_axis_order=True):
            try:
                self._transformer = Transformer.from_crs(self.crs, ours, always_xy=True)
            except ProjError as error:
                raise SceneError(
                    f"{file.path}: cannot be projected from {self.crs.name} to {ours.name} of {image} ({error}); "
                    "reproject one of them first"
                ) from error

    def to_pixels(self, geometries: Geometries) -> Geometries:
        """Moves geometries from the file's CRS to pixels of the scene; what cannot be projected is not finite."""
        if self._to_raster is None:
            flat: Geometries = shapely.force_2d(geometries)
            return scale(flat, 1 / self._grid.scale_x, 1 / self._grid.scale_y)
        a, b, c, d, e, f = tuple(~self._to_raster)[:6]

        def move(points: AnyArray) -> AnyArray:
            x, y = points[:, 0], points[:, 1]
            if self._transformer is not None:
                x, y = self._transformer.transform(x, y)
            with np.errstate(all="ignore"):  # infinite times 0, and sums beyond any number
                there = np.column_stack([a * x + b * y + c, d * x + e * y + f])
            # NaN is not equal to itself, so a ring of it would not be closed
            return np.where(np.isfinite(there), there, np.inf)

        moved: Geometries = shapely.transform(geometries, move)
        return moved

    def box_of(self, window: Window, margin: float = 1.0) -> Box | None:
        """Returns the extent of a window, and ``margin`` pixels around it, in the file's CRS.

        The edges are followed point by point, since straight ones may be bent there. None if no point of them can be
        projected.
        """
        left, right = window.column - margin, window.column + window.width + margin
        top, bottom = window.row - margin, window.row + window.height + margin
        xs, ys = np.linspace(left, right, _EDGE_POINTS), np.linspace(top, bottom, _EDGE_POINTS)
        x = np.concatenate([xs, xs, np.full(_EDGE_POINTS, left), np.full(_EDGE_POINTS, right)])
        y = np.concatenate([np.full(_EDGE_POINTS, top), np.full(_EDGE_POINTS, bottom), ys, ys])
        if self._to_raster is None:
            x, y = x * self._grid.scale_x, y * self._grid.scale_y
        else:
            a, b, c, d, e, f = tuple(self._to_raster)[:6]
            with np.errstate(all="ignore"):
                x, y = a * x + b * y + c, d * x + e * y + f
            if self._transformer is not None:
                x, y = self._transformer.transform(x, y, direction="INVERSE")
        good = np.isfinite(x) & np.isfinite(y)
        if not good.any():
            return None
        x, y = x[good], y[good]
        return float(x.min()), float(y.min()), float(x.max()), float(y.max())

    def as_manifest(self) -> str:
        """Returns the CRS in words."""
        return PIXEL_CRS if self.crs is None else self.crs.to_string() if self.crs.to_epsg() else self.crs.name
