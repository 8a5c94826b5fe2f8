"""Opening the footprints of a scene: one case for each kind of :class:`~changen_cli.scenes.source.LabelSource`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from changen_cli.scenes.footprints.base import Labels, NoLabels
from changen_cli.scenes.footprints.masks import MaskLabels
from changen_cli.scenes.footprints.vectors import VectorLabels
from changen_cli.scenes.footprints.xbd import XbdLabels, read_label
from changen_cli.scenes.image.geobox import GeoBox, Georeference
from changen_cli.scenes.image.rasters import BlockCache, Raster
from changen_cli.scenes.options import PIXEL_CRS, ReadOptions
from changen_cli.scenes.source import LabelSource, SceneSource


@dataclass(frozen=True)
class UnplacedLabels:
    """Labels of a scene whose reading grid is not known yet.

    Attributes:
        place: Gives the labels on the reading grid of the scene.
        georeference: Transform and CRS of the image, where the labels tell them; None where they do not.
    """

    place: Callable[[GeoBox], Labels]
    georeference: Georeference | None = None


def open_labels(source: SceneSource, image: Raster, options: ReadOptions, cache: BlockCache) -> UnplacedLabels:
    """Opens the labels of a scene, as far as that takes no reading grid.

    Args:
        source: The scene.
        image: Its image, open.
        options: How it is read.
        cache: The block cache that rasters are read through.

    Raises:
        SceneError: If labels that may give a georeference cannot be read; others are opened by ``place``, which raises
            the same.
    """
    labels = source.labels
    if labels is None:
        return UnplacedLabels(lambda grid: NoLabels())
    path, shared = labels.path, labels.shared
    if labels.kind == "xbd":
        file = read_label(path, source.image, image.height, image.width)
        return UnplacedLabels(lambda grid: XbdLabels(file, grid, options.min_area), file.fit.georeference)
    if labels.kind == "vector":
        return UnplacedLabels(lambda grid: VectorLabels(path, source.image, grid, source.id, options, shared))
    if labels.kind == "read":
        return UnplacedLabels(lambda grid: _place_read(labels, source, grid, options))
    return UnplacedLabels(lambda grid: MaskLabels(path, image, source.image, grid, source.id, options, cache))


def _place_read(labels: LabelSource, source: SceneSource, grid: GeoBox, options: ReadOptions) -> VectorLabels:
    """Opens what was read from the image: in the CRS of the image, and in pixels where it has none."""
    own = replace(options, footprints_crs=PIXEL_CRS if grid.crs is None or grid.transform is None else None)
    return VectorLabels(labels.path, source.image, grid, source.id, own, shared=True, labels=labels)
