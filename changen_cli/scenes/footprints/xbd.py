"""Labels of xView2 / xBD: footprints as WKT, and a georeference fitted from them.

A label file gives every building twice: ``features.xy`` in pixels of its PNG and ``features.lng_lat`` in degrees. The
PNG itself has no georeference, but where enough of those vertices agree an affine transform is fitted, and the scene
lies where it was taken (:mod:`changen_cli.scenes.footprints.fit`). Reading at a resolution in metres works through
that transform, and through nothing else: ``gsd`` and ``pan_resolution`` in the metadata are those of the sensor's
bands on that day, not the size of the PNG's pixels. So a scene with too few buildings for a fit has no resolution; it
is read at its own pixels, or refused if metres are asked for.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from shapely.errors import ShapelyError

from changen_cli.errors import SceneError
from changen_cli.scenes.footprints.base import OutlineSample, Report
from changen_cli.scenes.footprints.fit import Fit, fit_affine
from changen_cli.scenes.footprints.geometry import PolygonIndex, sample_outlines, scale, to_polygons
from changen_cli.scenes.footprints.tangles import Geometries, without_detail
from changen_cli.scenes.footprints.xbd_tree import target_of
from changen_cli.scenes.image.geobox import GeoBox
from changen_cli.scenes.layout import Footprint
from changen_cli.scenes.window import Window
from changen_cli.texts import read_text
from changen_cli.types import AnyArray

LABEL_BYTES = 100_000_000
"""Most bytes of a label file; those of xBD are below 3 MB."""

_TOLD = ("disaster", "disaster_type", "capture_date", "sensor", "gsd", "pan_resolution", "off_nadir_angle")
_EDGE = 0.5
_ODD = (NotImplementedError, OverflowError, RecursionError)  # curves in WKT, infinite sizes, WKT nested too deep


@dataclass(frozen=True)
class XbdFile:
    """What a label file holds of buildings.

    Attributes:
        path: The file.
        outlines: Polygons in pixels of the image, None where one cannot be decoded, [N].
        places: The same in degrees, longitude first; None where there is none of that uid, [N].
        others: Features that are not buildings.
        metadata: As in the file.
        height: Rows of the image the file was made for.
        width: Columns of that image.
    """

    path: str
    outlines: Geometries
    places: Geometries
    others: int
    metadata: dict[str, Any]
    height: int
    width: int

    @cached_property
    def fit(self) -> Fit:
        """The georeference of the image."""
        counts = shapely.get_num_coordinates(self.outlines)
        same = (counts > 0) & (counts == shapely.get_num_coordinates(self.places))
        pixels = shapely.get_coordinates(self.outlines[same])
        return fit_affine(pixels, shapely.get_coordinates(self.places[same]), self.height, self.width)


def read_label(path: str, image: str, height: int, width: int) -> XbdFile:
    """Reads a label file.

    Args:
        path: ``labels/<disaster>_<number>_pre_disaster.json``.
        image: Path of its image, for messages.
        height: Rows of the image.
        width: Columns of the image.

    Raises:
        SceneError: If there is no such file, it is damaged or no label file, or it was made for another size of image.
    """
    try:
        content = json.loads(read_text(path, LABEL_BYTES))
    except FileNotFoundError as error:
        raise SceneError(
            f"{path}: no such label file, and no {target_of(path)} instead of it, for {image}; unpack the labels "
            "again, or leave this scene out"
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise SceneError(f"{path}: cannot be read as JSON ({error}); the file is damaged: copy it again") from error
    try:
        features, metadata = content["features"], content.get("metadata", {})
        kinds = [f.get("properties", {}).get("feature_type", "building") for f in features["xy"]]
        buildings = [f for f, kind in zip(features["xy"], kinds, strict=True) if kind == "building"]
        outlines = _from_wkt([f["wkt"] for f in buildings])
        by_uid = {_uid(f): f["wkt"] for f in features.get("lng_lat", ())}
        places = _from_wkt([by_uid.get(_uid(f)) for f in buildings])
        said = (int(metadata.get("height", height)), int(metadata.get("width", width)))
    except (KeyError, TypeError, AttributeError, ValueError, ShapelyError, *_ODD) as error:
        raise SceneError(
            f"{path}: is not an xBD label file ({type(error).__name__}: {error}); it must hold features.xy, a list of "
            "objects with wkt and properties"
        ) from error
    if said != (height, width):
        raise SceneError(
            f"{path}: labels of an image of {said[1]} x {said[0]} pixels, but {image} has {width} x {height}; give the "
            "image as released"
        )
    return XbdFile(path, outlines, places, len(kinds) - len(buildings), dict(metadata), height, width)


def _uid(feature: dict[str, Any]) -> str:
    return str(feature["properties"]["uid"])


def _from_wkt(texts: list[str | None]) -> Geometries:
    geometries = shapely.from_wkt(np.array(texts, object), on_invalid="ignore")
    return np.asarray(shapely.force_2d(geometries), object).reshape(len(texts))


class XbdLabels:
    """Footprints of a label file; uids are 1 + the row among those on the scene, so tiles share them."""

    kept_bytes = 0

    def __init__(self, file: XbdFile, grid: GeoBox, min_area: float) -> None:
        """Lays the outlines on a scene.

        Args:
            file: The labels.
            grid: The reading grid of the scene.
            min_area: Footprints smaller than this are dropped, square pixels as read.
        """
        self._file, self._grid, self._min_area = file, grid, min_area
        parts = to_polygons(scale(file.outlines, 1 / grid.scale_x, 1 / grid.scale_y))
        whole = shapely.box(0, 0, grid.width, grid.height)
        polygons = without_detail(parts.polygons[shapely.intersects(parts.polygons, whole)])
        self._report = parts.report.kept(len(polygons))
        self._index = PolygonIndex(polygons, np.arange(1, len(polygons) + 1))

    def footprints(self, window: Window) -> tuple[Footprint, ...]:
        """Returns the footprints of a window in the order of the file, clipped; slivers are dropped."""
        polygons, uids = self._index.cut(window)
        large = shapely.area(polygons) >= self._min_area
        return tuple(Footprint(u, p) for u, p in zip(uids[large].tolist(), polygons[large], strict=True))

    def everything(self) -> tuple[Footprint, ...]:
        """Returns all footprints in the order of the file, clipped to the scene; slivers are dropped."""
        return self.footprints(self._grid.whole)

    def outlines(self, limit: int) -> OutlineSample:
        """Returns outlines picked evenly among those that no edge of the image cuts; xBD cuts them at its edges."""
        found = self._index.polygons[self._index.inside(self._grid.whole, self._min_area)]
        west, north, east, south = shapely.bounds(found).reshape(-1, 4).T
        free: AnyArray = (west > _EDGE) & (north > _EDGE)
        free &= (east < self._grid.width - _EDGE) & (south < self._grid.height - _EDGE)
        return sample_outlines(found[free], None, limit)

    def report(self) -> Report:
        """Returns the counts on this scene."""
        return self._report

    def known_empty(self) -> bool:
        """Tells whether the file has no building on the scene."""
        return not len(self._index.polygons)

    def as_manifest(self) -> dict[str, Any]:
        """Returns what the manifest says of the file, of the fit and of the image's origin."""
        file = self._file
        return {
            "kind": "xbd",
            "path": file.path,
            "features": len(file.outlines),
            "other_features": file.others,
            "on_scene": self._report.as_manifest(),
            "georeference": file.fit.as_manifest(),
            "metadata": {name: file.metadata[name] for name in _TOLD if name in file.metadata},
        }

    def close(self) -> None:
        """Does nothing: no file is kept open."""
