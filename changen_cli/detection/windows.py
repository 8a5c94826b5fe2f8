"""Predicting change on images of any size: windows that overlap, blended, in memory that does not grow with the image.

Neighbouring windows share ``overlap`` pixels, where the one fades out as the other fades in, so that no seam is seen;
their weights add up to 1 everywhere. Windows are taken row by row. What is complete is handed out at once; what waits
for the next row of windows, ``overlap`` rows as wide as the image, waits in a temporary file.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, TypeAlias

import numpy as np
from numpy.typing import NDArray

from changen_cli.detection.predictors import Predictor, fill_up
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
class Windows:
    """How an image is cut into windows.

    Attributes:
        size: Rows and columns of a window.
        overlap: Pixels that neighbours share; at most half of ``size``, so that no pixel is in three windows of a row.
        batch_size: Windows that are predicted at once.
    """

    size: int = 640
    overlap: int = 128
    batch_size: int = 4

    @property
    def stride(self) -> int:
        """Pixels from one window to the next, and rows and columns of a block."""
        return self.size - self.overlap

    def count(self, length: int) -> int:
        """Returns how many windows cover so many pixels."""
        return max(1, -(-(length - self.overlap) // self.stride))

    def blocks(self, height: int, width: int) -> int:
        """Returns how many blocks an image has."""
        return self.count(height) * self.count(width)


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
    predictor: Predictor, read: Read, height: int, width: int, windows: Windows, device: str
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

    Yields:
        Its blocks, row by row; a block that is not at the right or the lower edge has ``windows.stride`` rows and
        columns.
    """
    size, overlap, stride = windows.size, windows.overlap, windows.stride
    down, across = windows.count(height), windows.count(width)
    ramp = ((np.arange(overlap) + 0.5) / overlap if overlap else np.zeros(0)).astype(np.float32)
    with tempfile.TemporaryFile() as file:
        above = _Above(file, overlap, stride + overlap)
        for row in range(down):
            rows = Window(row * stride, 0, size, 0).within(height, width).height
            fade = _fade(rows, ramp, first=row == 0, last=row == down - 1)[:, None]
            left = np.zeros((rows, overlap), np.float32)
            for column, (window, probability, valid) in enumerate(
                _row(predictor, read, height, width, windows, row, device)
            ):
                weighted = probability * fade * _fade(window.width, ramp, first=column == 0, last=column == across - 1)
                # to the left of this block nothing more comes, so its columns are complete
                if column:
                    weighted[:, :overlap] += left
                done = window.width if column == across - 1 else stride
                left = weighted[:, done:].copy()
                weighted = weighted[:, :done]
                if row:
                    weighted[:overlap] += above.read(column, done)
                if row == down - 1:
                    bottom = rows
                else:
                    bottom = stride
                    above.write(column, weighted[stride:])
                yield Block(
                    Window(window.row, window.column, bottom, done),
                    np.clip(weighted[:bottom], 0, 1),
                    valid[:bottom, :done],
                )


def _row(
    predictor: Predictor, read: Read, height: int, width: int, windows: Windows, row: int, device: str
) -> Iterator[tuple[Window, Float32Array, BoolArray]]:
    """Predicts the windows of a row, several at once where they are of one size."""
    waiting: list[tuple[Window, Images]] = []
    for column in range(windows.count(width)):
        window = Window(row * windows.stride, column * windows.stride, windows.size, windows.size).within(height, width)
        images = read(window)
        if waiting and (len(waiting) == windows.batch_size or waiting[-1][0].width != window.width):
            yield from _predicted(predictor, waiting, device)
            waiting = []
        waiting.append((window, images))
    yield from _predicted(predictor, waiting, device)


def _predicted(
    predictor: Predictor, waiting: list[tuple[Window, Images]], device: str
) -> Iterator[tuple[Window, Float32Array, BoolArray]]:
    seen = [images for _, images in waiting if images[2].any()]
    found = iter(predict_batch(predictor, seen, device)) if seen else iter(())
    for window, (_, _, valid) in waiting:
        yield window, (next(found) if valid.any() else np.zeros(valid.shape, np.float32)), valid


def _fade(length: int, ramp: Float32Array, *, first: bool, last: bool) -> Float32Array:
    """Returns the weights along one side of a window; at the edge of the image it does not fade."""
    weights = np.ones(length, np.float32)
    if not first and len(ramp):
        weights[: len(ramp)] = ramp
    if not last and len(ramp):
        weights[length - len(ramp) :] = 1 - ramp
    return weights


class _Above:
    """What the row of windows above has left for the next: ``overlap`` rows of each block, in a file."""

    def __init__(self, file: IO[bytes], overlap: int, widest: int) -> None:
        self._file, self._overlap, self._bytes = file, overlap, overlap * widest * 4

    def read(self, column: int, width: int) -> NDArray[np.float32]:
        """Reads what belongs to a block of so many columns."""
        self._file.seek(column * self._bytes)
        data = self._file.read(self._overlap * width * 4)
        return np.frombuffer(data, np.float32).reshape(self._overlap, width)

    def write(self, column: int, rows: NDArray[np.float32]) -> None:
        """Keeps float32 [overlap, columns] of a block."""
        self._file.seek(column * self._bytes)
        self._file.write(np.ascontiguousarray(rows).tobytes())
