"""Buildings that a segmenter sees in a scene of any size: P(S_t | I_t), window by window, as outlines."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import shapely
import torch
from numpy.typing import NDArray

from changen_cli.models.segmenter import Segmenter
from changen_cli.models.units import fill_up, to_pixels
from changen_cli.pipeline.footprints.straighten import straighten
from changen_cli.scenes.blending import Windows, blend
from changen_cli.scenes.footprints.geometry import to_polygons, translate
from changen_cli.scenes.footprints.mask_values import trace_mask
from changen_cli.scenes.footprints.tangles import Geometries
from changen_cli.scenes.footprints.tracing import join
from changen_cli.scenes.scene import Scene
from changen_cli.scenes.window import Window
from changen_cli.synthesis.transfer import make_transfer
from changen_cli.types import BoolArray, Float32Array

WINDOWS = Windows(size=640, overlap=128)
"""How a scene is cut; a window is read by itself, so that what it becomes depends on nothing else."""

THRESHOLD = 0.5
"""Probability of any class but the background from which a pixel is building."""

SMALLEST = 10.0
"""Least ground area of a building, square metres."""

SMALLEST_PIXELS = 40.0
"""The same where the size of a pixel is not known: 10 m2 at half a metre."""


def segment(
    scene: Scene, network: Segmenter, device: str, told: Callable[[], None], windows: Windows = WINDOWS
) -> Geometries:
    """Reads the buildings of a scene, in memory that grows with their number and not with its pixels.

    Args:
        scene: Open.
        network: In evaluation mode, on ``device``.
        device: A torch device.
        told: Called after each block.
        windows: How it is cut.

    Returns:
        Outlines of buildings of at least :func:`smallest` pixels, regularised to walls, object array [n], in pixels of
        the scene at the reading resolution; in the order of their first pixels.

    Raises:
        TileError: If a file is damaged.
    """
    least = smallest(scene)
    found = [np.empty(0, object)]
    for block, built in read_blocks(scene, network, device, windows):
        _, outlines = trace_mask(built.view(np.uint8), "binary", 0)
        found.append(translate(outlines, block.column, block.row))
        told()
    whole = to_polygons(join(np.concatenate(found), windows.stride, least)).polygons
    return straighten(whole[shapely.area(whole) >= least])


def smallest(scene: Scene) -> float:
    """Returns the least area of a building, square pixels at the reading resolution."""
    size = scene.ground_resolution
    return SMALLEST_PIXELS if size is None else max(1.0, SMALLEST / size**2)


def read_blocks(
    scene: Scene, network: Segmenter, device: str, windows: Windows = WINDOWS
) -> Iterator[tuple[Window, BoolArray]]:
    """Yields where a segmenter sees buildings, bool [H, W], block by block; blocks cover the scene."""
    transfer = make_transfer(device)

    def see(row: list[Window]) -> Iterator[tuple[Float32Array, NDArray[np.bool_]]]:
        for window in row:
            image, valid = scene.read_pixels(window)
            if not valid.any():
                yield np.zeros(valid.shape, np.float32), valid
                continue
            with torch.inference_mode():
                pixels = to_pixels(fill_up(transfer.upload(image[None])))
                building = 1 - network(pixels).float().softmax(1)[:, 0]
            seen: Float32Array = transfer.download(building)()
            yield seen[0, : valid.shape[0], : valid.shape[1]], valid

    for block, probability, valid in blend(see, scene.height, scene.width, windows):
        yield block, (probability >= THRESHOLD) & valid[: block.height, : block.width]
