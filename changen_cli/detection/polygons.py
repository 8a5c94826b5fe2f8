"""Polygons of detected change: GeoPackage, GeoJSON or GeoParquet."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import geopandas
import numpy as np
import pyproj
import rasterio
from pyproj.exceptions import ProjError
from rasterio.crs import CRS
from rasterio.features import geometry_mask, shapes
from rasterio.windows import Window as RasterioWindow
from shapely.geometry import Polygon, shape
from shapely.geometry.base import BaseGeometry
from shapely.ops import transform as transform_geometry

from changen_cli.errors import StoreError, UsageError
from changen_cli.files import put_whole, work_folder
from changen_cli.store.gdal import gdal
from changen_cli.types import AnyArray

DRIVERS = {".gpkg": "GPKG", ".geojson": "GeoJSON", ".json": "GeoJSON", ".parquet": ""}
"""What is written, by suffix; Parquet is not GDAL's here."""

LAYER = "change"

AREA = "area_m2"
"""Column of the ground area, square metres on the ellipsoid; :data:`PIXELS` alone where there is no georeference."""

PIXELS, PROBABILITY = "pixels", "mean_probability"

MOST_PIXELS = 4_000_000
"""Most pixels of probabilities that are read at once."""


def check_suffix(path: Path) -> None:
    """Refuses a file whose name says no format.

    Raises:
        UsageError: If its suffix is not known.
    """
    if path.suffix.lower() not in DRIVERS:
        raise UsageError(f"--vector {path}: must end in {', '.join(DRIVERS)}, which says what is written")


def write_polygons(mask: Path, probability: Path, target: Path, min_area: float = 0.0) -> int:
    """Writes the outlines of what changed, along the edges of pixels; pixels that touch at corners alone are apart.

    The rasters are read piece by piece. Polygons are kept in memory until they are written, some kilobytes each.

    Args:
        mask: Raster of 0 and 1, any other value is passed over.
        probability: Of change, on the same grid.
        target: File that ends in one of :data:`DRIVERS`. GeoJSON is in longitude and latitude, the others in the CRS of
            the mask; without a georeference all are in pixels, y downwards.
        min_area: Smallest that is written, square metres, or pixels where there is no georeference.

    Returns:
        How many polygons there are.

    Raises:
        StoreError: If it cannot be written.
    """
    rows: list[tuple[float | None, int, float]] = []
    outlines: list[BaseGeometry] = []
    with gdal(target), rasterio.open(mask) as changed, rasterio.open(probability) as probabilities:
        placed = not changed.transform.is_identity and changed.crs is not None
        area_of = _ground_area(changed.crs) if placed else None
        for outline in _outlines(changed):
            ground = None if area_of is None else area_of(outline)
            count = round(abs(outline.area / changed.transform.determinant))
            if (count if ground is None else ground) >= min_area:
                outlines.append(outline)
                rows.append((ground, count, _mean(probabilities, outline)))
        crs = changed.crs if placed else None
    frame = geopandas.GeoDataFrame(
        {
            AREA: np.array([row[0] for row in rows], np.float64),
            PIXELS: np.array([row[1] for row in rows], np.int64),
            PROBABILITY: np.array([row[2] for row in rows], np.float64),
        },
        geometry=outlines,
        crs=None if crs is None else crs.to_wkt(),
    )
    _write(frame.drop(columns=[] if placed else [AREA]), target)
    return len(frame)


def _outlines(changed: rasterio.DatasetReader) -> Iterator[Polygon]:
    """Yields what is 1; the band is its own mask, so that no outline is made of what is 0."""
    band = rasterio.band(changed, 1)
    for outline, value in shapes(band, mask=band, connectivity=4, transform=changed.transform):
        if value == 1:
            polygon = shape(outline)
            assert isinstance(polygon, Polygon), "GDAL outlines pixels with polygons"
            yield polygon


def _ground_area(crs: CRS) -> Callable[[BaseGeometry], float | None]:
    """Returns what measures square metres on the ellipsoid, or None where the CRS does not tell."""
    try:
        proj = pyproj.CRS.from_wkt(crs.to_wkt())
        geod, geodetic = proj.get_geod(), proj.geodetic_crs
        if geod is None or geodetic is None:
            return lambda outline: None
        to_geodetic = pyproj.Transformer.from_crs(proj, geodetic, always_xy=True)
    except ProjError:
        return lambda outline: None

    def area(outline: BaseGeometry) -> float:
        return abs(geod.geometry_area_perimeter(transform_geometry(to_geodetic.transform, outline))[0])

    return area


def _mean(probabilities: rasterio.DatasetReader, outline: Polygon) -> float:
    """Returns the mean probability within an outline, read in strips."""
    inverse = ~probabilities.transform
    columns, rows = zip(*(inverse @ corner for corner in _corners(outline)), strict=True)
    left, right = round(min(columns)), max(round(max(columns)), round(min(columns)) + 1)
    top, bottom = round(min(rows)), max(round(max(rows)), round(min(rows)) + 1)
    strip = max(1, MOST_PIXELS // (right - left))
    total, count = 0.0, 0
    for row in range(top, bottom, strip):
        window = RasterioWindow(left, row, right - left, min(strip, bottom - row))
        values: AnyArray = probabilities.read(1, window=window)
        inside = geometry_mask(
            [outline], values.shape, probabilities.window_transform(window), invert=True
        ) & np.isfinite(values)
        total += float(values[inside].sum(dtype=np.float64))
        count += int(np.count_nonzero(inside))
    return total / count if count else float("nan")


def _corners(outline: Polygon) -> list[tuple[float, float]]:
    left, bottom, right, top = outline.bounds
    return [(left, bottom), (left, top), (right, bottom), (right, top)]


def _write(frame: geopandas.GeoDataFrame, target: Path) -> None:
    """Writes a file, whole or not at all."""
    driver = DRIVERS[target.suffix.lower()]
    with work_folder(target) as folder, gdal(target), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="'crs' was not provided")
        made = folder / target.name
        try:
            if not driver:
                frame.to_parquet(made, compression="zstd")
            elif driver == "GeoJSON" and frame.crs is not None:
                frame.to_crs(4326).to_file(made, driver=driver, engine="pyogrio", RFC7946=True)
            else:
                frame.to_file(made, driver=driver, engine="pyogrio", layer=LAYER, geometry_type="Polygon")
        except (OSError, RuntimeError, ValueError) as error:
            said = " ".join(str(error).split())
            raise StoreError(f"cannot write {target} ({said}); run the same command again") from error
        put_whole(made, target)
