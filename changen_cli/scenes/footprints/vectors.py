"""Vector footprints and exclusions, laid on a scene and cut to windows."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np
import shapely
from shapely import GeometryType
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from changen_cli.errors import SceneError
from changen_cli.scenes.classes import Classes
from changen_cli.scenes.footprints.base import OutlineSample, Report
from changen_cli.scenes.footprints.class_column import NOTHING, ClassReader
from changen_cli.scenes.footprints.geometry import PolygonIndex, sample_outlines, to_polygons
from changen_cli.scenes.footprints.masks import sample_windows
from changen_cli.scenes.footprints.projection import Projection
from changen_cli.scenes.footprints.tangles import Geometries, without_detail
from changen_cli.scenes.footprints.vector_file import INDEXED_LIMIT, Box, VectorFile
from changen_cli.scenes.image.geobox import GeoBox
from changen_cli.scenes.layout import Footprint
from changen_cli.scenes.options import PIXEL_CRS, ReadOptions
from changen_cli.scenes.source import LabelSource
from changen_cli.scenes.window import Window
from changen_cli.types import AnyArray

BLOCK = 2048
"""Rows and columns of the blocks in which a large indexed file is read, pixels."""

_BLOCKS_KEPT = 8
_OUTLINE_BLOCKS = 8
_INT32_MAX = np.iinfo(np.int32).max
_LINES = (GeometryType.LINESTRING, GeometryType.LINEARRING, GeometryType.MULTILINESTRING)


_Cut = tuple[Geometries, AnyArray, AnyArray]
"""Polygons, and of each its uid and class."""


class _WholeLayer:
    """All polygons on a scene, in memory; uids are 1 + row among them."""

    def __init__(self, file: VectorFile, projection: Projection, grid: GeoBox, classes: ClassReader) -> None:
        box = projection.box_of(grid.whole)
        found = NOTHING if box is None else file.select(box)
        self.lines = _lines(found.geometries)
        parts = to_polygons(projection.to_pixels(found.geometries))
        # The extent in the file's CRS is wider than the scene, so what numbers and counts is what really meets it.
        here = shapely.intersects(parts.polygons, _box(grid.whole))
        polygons = without_detail(parts.polygons[here])
        self.classes = classes.read(found, parts.feature[here])
        self.report = parts.report.kept(len(polygons))
        self._index = PolygonIndex(polygons, np.arange(1, len(polygons) + 1))
        self.empty = not len(polygons)

    def cut(self, window: Window) -> _Cut:
        polygons, uids = self._index.cut(window)
        return polygons, uids, self.classes[uids - 1]

    def inside(self, grid: GeoBox, scene: str, min_area: float) -> tuple[Geometries, AnyArray]:
        whole = self._index.inside(grid.whole, min_area)
        return self._index.polygons[whole], self.classes[whole]


class _BlockLayer:
    """Polygons of a large indexed file, read in square blocks of which a few are kept.

    uids are 1 + feature id. Of a feature in several parts only the first can have that one; the others get uids above
    all feature ids, counted within the window.
    """

    report = Report()

    def __init__(
        self, file: VectorFile, projection: Projection, grid: GeoBox, classes: ClassReader, block: int
    ) -> None:
        self.lines = 0
        self._file, self._projection, self._grid, self._size = file, projection, grid, block
        self._classes = classes
        self._blocks: OrderedDict[tuple[int, int], tuple[AnyArray, AnyArray, Geometries, AnyArray]] = OrderedDict()
        box = projection.box_of(grid.whole)
        extent = file.extent()
        self.empty = box is None or extent is None or not _meet(box, extent)

    def cut(self, window: Window) -> _Cut:
        size = self._size
        rows = range(window.row // size, (window.row + window.height - 1) // size + 1)
        columns = range(window.column // size, (window.column + window.width - 1) // size + 1)
        blocks = [self._block(row, column) for row in rows for column in columns]
        fids, part, polygons, classes = (np.concatenate([block[i] for block in blocks]) for i in range(4))
        _, first = np.unique(np.stack([fids, part]), axis=1, return_index=True)  # a footprint may be in two blocks
        fids, part, polygons, classes = fids[first], part[first], polygons[first], classes[first]
        cut, rows_of = PolygonIndex(polygons, np.arange(len(polygons))).cut(window)
        fids, part = fids[rows_of], part[rows_of]
        uids = fids + 1
        others = part > 0
        top = max(self._file.features, int(uids.max(initial=0)))
        uids[others] = top + 1 + np.arange(others.sum())
        if uids.size and uids.max() > _INT32_MAX:
            raise SceneError(
                f"{self._file.path}: feature ids reach {int(fids.max())}, above what an instance mask can hold; "
                "renumber them (ogr2ogr -unsetFid)"
            )
        return cut, uids, classes[rows_of]

    def inside(self, grid: GeoBox, scene: str, min_area: float) -> tuple[Geometries, AnyArray]:
        found, of = [], []
        for window in sample_windows(grid, scene, _OUTLINE_BLOCKS, self._size):
            _, _, polygons, classes = self._block(window.row // self._size, window.column // self._size)
            whole = PolygonIndex(polygons, np.arange(len(polygons))).inside(window, min_area)
            found.append(polygons[whole])
            of.append(classes[whole])
        return np.concatenate(found), np.concatenate(of)

    def _block(self, row: int, column: int) -> tuple[AnyArray, AnyArray, Geometries, AnyArray]:
        """Returns feature ids, part numbers, polygons in scene pixels and classes of one block."""
        key = (row, column)
        if key not in self._blocks:
            size = self._size
            window = Window(row * size, column * size, size, size).within(self._grid.height, self._grid.width)
            box = self._projection.box_of(window)
            found = NOTHING if box is None else self._file.select(box)
            self.lines += _lines(found.geometries)
            parts = to_polygons(self._projection.to_pixels(found.geometries))
            of = found.ids[parts.feature]
            number = np.arange(len(of)) - np.searchsorted(of, of)  # ids ascend, so parts of one stand together
            classes = self._classes.read(found, parts.feature)
            self._blocks[key] = (of, number, without_detail(parts.polygons), classes)
            if len(self._blocks) > _BLOCKS_KEPT:
                self._blocks.popitem(last=False)
        self._blocks.move_to_end(key)
        return self._blocks[key]


class VectorLabels:
    """Footprints of a vector file.

    uids are 1 + the row of a footprint among those on the scene, so a building that two tiles share has one uid. Large
    indexed files are read window by window and number by feature id.
    """

    kept_bytes = 0

    def __init__(
        self,
        path: str,
        image: str,
        grid: GeoBox,
        scene: str,
        options: ReadOptions,
        shared: bool,
        *,
        labels: LabelSource | None = None,
        indexed_limit: int = INDEXED_LIMIT,
        block: int = BLOCK,
    ) -> None:
        """Opens a file and lays it on a scene.

        Args:
            path: The vector file.
            image: Path of the raster, for messages.
            grid: The reading grid of the scene.
            scene: Id of the scene.
            options: CRS and least area.
            shared: The file serves several scenes, of which some may have no footprints.
            labels: What the manifest calls the file, and what kind of labels it says they are; None for a user's file.
            indexed_limit: Features above which a file with a spatial index is read window by window.
            block: Rows and columns of the blocks that it is then read in, pixels.

        Raises:
            SceneError: If the file cannot be read or laid on the raster, none of its footprints touches it, or one has
                no class.
        """
        self._grid, self._scene, self._min_area = grid, scene, options.min_area
        self._labels = labels or LabelSource("vector", path)
        # what changen read itself are buildings, and has no columns
        self._attribute = None if self._labels.kind == "read" else options.class_attribute
        self._file = VectorFile(path, indexed_limit, column=self._attribute)
        classes = ClassReader(path, self._attribute, options.classes())
        self._projection = Projection(self._file, image, grid, options.footprints_crs, "--footprints-crs")
        self._layer = _open_layer(self._file, self._projection, grid, classes, block)
        if self._layer.empty and self._file.features:
            self._check_place(image, shared)

    def footprints(self, window: Window) -> tuple[Footprint, ...]:
        """Returns the footprints of a window in the order of the file, clipped; slivers are dropped."""
        polygons, uids, classes = self._layer.cut(window)
        large = shapely.area(polygons) >= self._min_area
        found = zip(uids[large].tolist(), polygons[large], classes[large].tolist(), strict=True)
        return tuple(Footprint(*one) for one in found)

    def everything(self) -> tuple[Footprint, ...]:
        """Returns the footprints of the whole scene in the order of the file, clipped to it; slivers are dropped."""
        return self.footprints(self._grid.whole)

    def outlines(self, limit: int) -> OutlineSample:
        """Returns outlines picked evenly among the footprints that lie wholly on the scene."""
        polygons, classes = self._layer.inside(self._grid, self._scene, self._min_area)
        return sample_outlines(polygons, None if self._attribute is None else classes, limit)

    def report(self) -> Report:
        """Returns the counts on this scene; zeros where the file is read window by window."""
        return self._layer.report

    def known_empty(self) -> bool:
        """Tells whether no polygon of the file meets the scene."""
        return bool(self._layer.empty)

    def as_manifest(self) -> dict[str, Any]:
        """Returns what the manifest says of the file."""
        windowed = isinstance(self._layer, _BlockLayer)
        return {
            "kind": self._labels.kind,
            "path": self._labels.name,
            "crs": self._projection.as_manifest(),
            "features": self._file.features,
            "read_by_window": windowed,
            **self._describe_classes(),
            **({} if windowed else {"on_scene": self.report().as_manifest()}),
        }

    def _describe_classes(self) -> dict[str, Any]:
        """Returns what the manifest says of the classes: their column, and footprints by class where they are known."""
        if self._attribute is None:
            return {}
        if isinstance(self._layer, _BlockLayer):
            return {"class_attribute": self._attribute}
        numbers, counts = np.unique(self._layer.classes, return_counts=True)
        found = {str(number): count for number, count in zip(numbers.tolist(), counts.tolist(), strict=True)}
        return {"class_attribute": self._attribute, "classes": found}

    def close(self) -> None:
        """Does nothing: no file is kept open."""

    def _check_place(self, image: str, shared: bool) -> None:
        extent = self._file.extent()
        if extent is None:
            raise SceneError(f"{self._file.path}: none of its features has a geometry; give polygons")
        box = self._projection.box_of(self._grid.whole, margin=0.0)
        if box is not None and _meet(box, extent):
            report = self.report()
            if report.features and report.dropped == report.features:
                raise SceneError(
                    f"{self._file.path}: no polygon with an area on {image}: {report.not_polygons} points or lines, "
                    f"{report.zero_area} of zero area, {report.tangled} too tangled, {report.empty} without "
                    "geometry or beyond any place; give building outlines"
                )
            if shared:
                return
        where = "cannot be expressed in that CRS" if box is None else f"covers {_extent(box)}"
        raise SceneError(
            f"{self._file.path}: its footprints touch no pixel of {image}: they cover {_extent(extent)} in "
            f"{self._projection.as_manifest()}, the raster {where}; give the footprints of this place, or their true "
            "CRS with --footprints-crs"
        )


class Exclusion:
    """Polygons where nothing may be built: water, roads, reserves."""

    def __init__(
        self, path: str, image: str, grid: GeoBox, options: ReadOptions, *, indexed_limit: int = INDEXED_LIMIT
    ) -> None:
        """Opens a file and lays it on a scene; on a scene it does not touch it excludes nothing.

        Args:
            path: The vector file; it must hold polygons. Points are ignored and counted.
            image: Path of the raster, for messages.
            grid: The reading grid of the scene.
            options: ``footprints_crs="pixel"`` holds for exclusions as well, any other CRS does not.
            indexed_limit: Features above which a file with a spatial index is read window by window.

        Raises:
            SceneError: If the file cannot be read or laid on the raster, or holds lines, which have no area.
        """
        self._file = VectorFile(path, indexed_limit)
        crs = PIXEL_CRS if options.footprints_crs == PIXEL_CRS else None
        classes = ClassReader(path, None, Classes())
        self._layer = _open_layer(self._file, Projection(self._file, image, grid, crs), grid, classes, BLOCK)
        self._image = image
        self._refuse_lines()

    def cut(self, window: Window) -> BaseGeometry:
        """Returns what is excluded of a window, in its pixel coordinates; an empty polygon if nothing is."""
        polygons, _, _ = self._layer.cut(window)
        self._refuse_lines()  # a file read window by window shows its lines only now
        if not len(polygons):
            return Polygon()
        return shapely.union_all(polygons) if len(polygons) > 1 else polygons[0]

    def as_manifest(self) -> dict[str, Any]:
        """Returns what the manifest says of the file."""
        return {"path": self._file.path, "features": self._file.features, "on_scene": self._layer.report.as_manifest()}

    def _refuse_lines(self) -> None:
        if self._layer.lines:
            raise SceneError(
                f"{self._file.path}: holds {self._layer.lines} line(s) on {self._image}, which exclude no area; buffer "
                "them to their width first (QGIS: Vector > Geoprocessing > Buffer)"
            )


def _open_layer(
    file: VectorFile, projection: Projection, grid: GeoBox, classes: ClassReader, block: int
) -> _WholeLayer | _BlockLayer:
    if file.windowed:
        return _BlockLayer(file, projection, grid, classes, block)
    return _WholeLayer(file, projection, grid, classes)


def _lines(geometries: Geometries) -> int:
    return int(np.isin(shapely.get_type_id(geometries), _LINES).sum())


def _box(window: Window) -> Polygon:
    return shapely.box(window.column, window.row, window.column + window.width, window.row + window.height)


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _extent(box: Box) -> str:
    return f"x {box[0]:.7g} to {box[2]:.7g}, y {box[1]:.7g} to {box[3]:.7g}"
