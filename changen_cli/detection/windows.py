"""Predicting change on images of any size: windows that overlap, blended (:mod:`changen_cli.scenes.blending`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from changen_cli.detection.predictors import Predictor
from changen_cli.models.units import fill_up
from changen_cli.scenes import blending
from changen_cli.scenes.window import Window
from changen_cli.synthesis.transfer import make_transfer
from changen_cli.types import BoolArray, Float32Array, UInt8Array

Images: TypeAlias = tuple[UInt8Array, UInt8Array, BoolArray]
"""I_t and I_t+1, uint8 [3, H, W], and where both are valid, bool [H, W]."""

Read: TypeAlias = Callable[[Window], Images]
"""Reads a part of a pair that lies within it."""


@dataclass(frozen=True, slots=True)
class Block:
    """A part of an image for which change is predicted.

    Attributes:
        window: Where it is; blocks of an image do not overlap, and cover it.
        probability: Of change, float32 [H, W]; 0 where no window has a valid pixel.
        valid: bool [H, W].
    """

    window: Window
    probability: Float32Array
    valid: BoolArray


@dataclass(frozen=True, slots=True)
class Windows(blending.Windows):
    """How an image is cut into windows.

    Attributes:
        batch_size: Windows that are predicted at once.
    """

    size: int = 640
    overlap: int = 128
    batch_size: int = 4


def predict_batch(predictor: Predictor, pairs: list[Images], device: str) -> Float32Array:
    """Predicts change in pairs of one size.

    Args:
        predictor: On ``device``.
        pairs: At least one.
        device: A torch device.

    Returns:
        float32 [B, H, W].
    """
    transfer = make_transfer(device)
    height, width = pairs[0][2].shape
    before, after = (fill_up(transfer.upload(np.stack([pair[date] for pair in pairs]))) for date in (0, 1))
    found: Float32Array = transfer.download(predictor(before, after))()
    return found[:, :height, :width]


def predict_blocks(
    predictor: Predictor, read: Read, height: int, width: int, windows: Windows, device: str, first: int = 0
) -> Iterator[Block]:
    """Predicts change on a pair of images of any size.

    Windows without a valid pixel are not shown to the predictor.

    Args:
        predictor: On ``device``.
        read: Reads a part of the pair.
        height: Rows of the pair.
        width: Columns.
        windows: How it is cut.
        device: A torch device.
        first: The row of blocks to begin with; they are the same as in a run from the start.

    Yields:
        Its blocks, row by row; a block that is not at the right or the lower edge has ``windows.stride`` rows and
        columns.
    """

    def predict(row: list[Window]) -> Iterator[tuple[Float32Array, BoolArray]]:
        return _row(predictor, read, row, windows.batch_size, device)

    for window, probability, valid in blending.blend(predict, height, width, windows, first):
        yield Block(window, np.clip(probability, 0, 1), valid[: window.height, : window.width])


def _row(
    predictor: Predictor, read: Read, row: list[Window], batch_size: int, device: str
) -> Iterator[tuple[Float32Array, BoolArray]]:
    """Predicts the windows of a row, several at once where they are of one size."""
    waiting: list[Images] = []
    for window in row:
        images = read(window)
        if waiting and (len(waiting) == batch_size or waiting[-1][2].shape != images[2].shape):
            yield from _predicted(predictor, waiting, device)
            waiting = []
        waiting.append(images)
    yield from _predicted(predictor, waiting, device)


def _predicted(predictor: Predictor, waiting: list[Images], device: str) -> Iterator[tuple[Float32Array, BoolArray]]:
    seen = [images for images in waiting if images[2].any()]
    found = iter(predict_batch(predictor, seen, device)) if seen else iter(())
    for _, _, valid in waiting:
        yield (next(found) if valid.any() else np.zeros(valid.shape, np.float32)), valid
