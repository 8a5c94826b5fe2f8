"""A square window of a scene, brought to the size of a crop, flipped and turned: pixels and polygons alike."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import shapely
import torch
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from changen_cli.scenes.layout import Footprint, Layout
from changen_cli.scenes.tile import Tile
from changen_cli.scenes.window import Window
from changen_cli.training.data.scenes import TrainingScene
from changen_cli.types import AnyArray, BoolArray, UInt8Array

MIN_AREA = 4.0
"""Pixels of the crop that a footprint must have in it; smaller slivers at its edge are no objects."""


def cut_tile(scene: TrainingScene, window: Window, size: int) -> Tile:
    """Cuts a square window out of a scene.

    Args:
        scene: The scene.
        window: A square within it.
        size: Side that the window is brought to, pixels.

    Returns:
        The window as a tile of ``size`` x ``size`` pixels; its footprints are numbered from 1. A resampled pixel is
        valid only if every pixel that it is made of is.
    """
    row, column, side = window.row, window.column, window.height
    inside = np.s_[row : row + side, column : column + side]
    image, valid = scene.image[:, *inside], scene.valid[inside]
    if side != size:
        image, valid = resampled(image, valid, size)
    factor = size / side

    def place(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        moved: NDArray[np.float64] = (xy - (column, row)) * factor
        return moved

    bounds = (column, row, column + side, row + side)
    hits = np.sort(scene.index.query(shapely.box(*bounds), predicate="intersects"))
    parts = shapely.transform(shapely.clip_by_rect(scene.polygons[hits], *bounds), place)
    areas = shapely.area(parts)
    footprints = tuple(
        Footprint(n + 1, part, scene.footprints[hit].category)
        for n, (hit, part, area) in enumerate(zip(hits, parts, areas, strict=True))
        if area >= MIN_AREA and part.geom_type in ("Polygon", "MultiPolygon")
    )
    exclusion: BaseGeometry = scene.exclusion
    if not exclusion.is_empty:
        exclusion = shapely.transform(shapely.clip_by_rect(exclusion, *bounds), place)
    layout = Layout(size, size, footprints)
    return Tile(scene.id, window.tile_id, image, valid, layout, None, None, exclusion)


def turned(tile: Tile, turn: int) -> Tile:
    """Applies one of the eight flips and right-angle turns of a square.

    Args:
        tile: A square tile.
        turn: Which, 0..7; bit 0 mirrors columns, bit 1 rows, bit 2 then swaps rows and columns. 0 changes nothing.

    Returns:
        The tile with everything in it moved.
    """
    size = tile.layout.width

    def move(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        x = size - xy[:, 0] if turn & 1 else xy[:, 0]
        y = size - xy[:, 1] if turn & 2 else xy[:, 1]
        return np.stack([y, x] if turn & 4 else [x, y], 1)

    polygons = shapely.transform(np.array([f.polygon for f in tile.layout.footprints], dtype=object), move)
    footprints = tuple(replace(f, polygon=p) for f, p in zip(tile.layout.footprints, polygons, strict=True))
    return replace(
        tile,
        image=moved(tile.image, turn),
        valid=moved(tile.valid, turn),
        layout=replace(tile.layout, footprints=footprints),
        exclusion=shapely.transform(tile.exclusion, move),
    )


def moved(pixels: AnyArray, turn: int) -> AnyArray:
    """Flips and turns the last two axes, as :func:`turned` does.

    Args:
        pixels: [..., S, S].
        turn: Which, 0..7.

    Returns:
        A copy, contiguous.
    """
    if turn & 1:
        pixels = pixels[..., :, ::-1]
    if turn & 2:
        pixels = pixels[..., ::-1, :]
    if turn & 4:
        pixels = pixels.swapaxes(-1, -2)
    return np.ascontiguousarray(pixels)


def resampled(image: UInt8Array, valid: BoolArray, size: int) -> tuple[UInt8Array, BoolArray]:
    """Resamples pixels bilinearly with antialiasing.

    Args:
        image: uint8 [C, S, S].
        valid: bool [S, S].
        size: Side of the result.

    Returns:
        Both at ``size``; a pixel is valid only if every pixel that it is made of is, and others are 0.
    """

    def interpolate(pixels: UInt8Array) -> torch.Tensor:
        return torch.nn.functional.interpolate(
            torch.from_numpy(pixels.astype(np.float32))[None],
            size=(size, size), mode="bilinear", antialias=True, align_corners=False,
        )[0]  # fmt: skip

    made: UInt8Array = interpolate(image).round_().clamp_(0, 255).to(torch.uint8).numpy()
    if valid.all():
        return made, np.ones((size, size), np.bool_)
    whole: BoolArray = (interpolate(valid[None].view(np.uint8))[0] > 1 - 1e-4).numpy()
    return made * whole, whole
