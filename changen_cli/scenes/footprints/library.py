"""A library of outlines: footprints of anywhere, whose shapes new objects may take."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas
import numpy as np
import shapely
from shapely.geometry import MultiPolygon, Polygon

from changen_cli.errors import SceneError
from changen_cli.scenes.footprints.geometry import centred, to_polygons
from changen_cli.scenes.footprints.vector_file import VectorFile

LIMIT = 4096
"""Most outlines that are kept, spread evenly over the file."""


@dataclass(frozen=True)
class Library:
    """Outlines centred on (0, 0), y downwards.

    Attributes:
        path: The file.
        outlines: In metres, or in pixels where the file has no CRS.
        metres: Whether the unit is metres.
    """

    path: str
    outlines: tuple[Polygon | MultiPolygon, ...]
    metres: bool

    def outlines_at(self, ground_resolution: float | None) -> tuple[Polygon | MultiPolygon, ...]:
        """Gives the outlines in pixels of a scene.

        Args:
            ground_resolution: Metres per pixel of the scene, None if it has no georeference.

        Raises:
            SceneError: If the library is in metres and the scene does not know its resolution.
        """
        if not self.metres:
            return self.outlines
        if ground_resolution is None:
            raise SceneError(
                f"{self.path}: outlines in metres cannot be used for a scene without a georeference; give a library "
                "without a CRS, in pixels, or georeference the scene"
            )
        scaled = shapely.transform(np.array(self.outlines, dtype=object), lambda xy: xy / ground_resolution)
        return tuple(scaled)


def read_library(path: str) -> Library:
    """Reads a vector file of footprints as a library.

    Args:
        path: GeoJSON, GeoPackage, Shapefile, FlatGeobuf or GeoParquet; any CRS, or none for outlines in pixels.

    Returns:
        At most :data:`LIMIT` outlines.

    Raises:
        SceneError: If the file cannot be read, holds no polygon, or its coordinates lie nowhere in its CRS.
    """
    file = VectorFile(path)
    extent = file.extent()
    found = np.empty(0, object) if extent is None else file.select(extent).geometries
    polygons = to_polygons(found).polygons
    if not len(polygons):
        raise SceneError(f"{path}: no polygon in it; a library needs footprints")
    if file.crs is not None:
        series = _in_metres(geopandas.GeoSeries(polygons, crs=file.crs), path)
        polygons = shapely.transform(series.to_numpy(), lambda xy: xy * (1, -1))  # y up to y down
    return Library(path, centred(polygons, LIMIT), file.crs is not None)


def _in_metres(series: geopandas.GeoSeries, path: str) -> geopandas.GeoSeries:
    """Projects polygons to UTM: true to about 0.04 % anywhere in its zone, and one library is one region."""
    try:
        return series.to_crs(series.estimate_utm_crs())
    except RuntimeError as error:  # geopandas' only word for coordinates that no zone has
        west, south, east, north = series.total_bounds
        raise SceneError(
            f"{path}: coordinates from ({west:g}, {south:g}) to ({east:g}, {north:g}) lie in no UTM zone; its "
            f"CRS is {series.crs.name}, as of every GeoJSON that names none; if they are pixels, write them without a "
            "CRS (ogr2ogr -a_srs None outlines.gpkg ...), else say the right one (ogr2ogr -a_srs EPSG:...)"
        ) from error
