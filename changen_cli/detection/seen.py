"""Some pairs of an evaluation, predicted again to be looked at: where most changed, or most went wrong."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import uniform_filter

from changen_cli.detection.predictors import Predictor
from changen_cli.detection.windows import predict_batch
from changen_cli.metrics.detection.results import SeenPair
from changen_cli.pairs.base import PairSource
from changen_cli.scenes.window import Window
from changen_cli.types import AnyArray

WIDEST = 512
"""Most rows and columns of a picture; of a larger pair a part is shown."""


def show(predictor: Predictor, source: PairSource, index: int, part: Window | None, f1: float, device: str) -> SeenPair:
    """Predicts a pair again.

    Args:
        predictor: On ``device``.
        source: Where the pair is.
        index: Its number.
        part: Of a pair that is too large to be shown whole; None for all of it.
        f1: Of the whole pair.
        device: A torch device.
    """
    pair = source.read(index, part)
    probability = predict_batch(predictor, [(pair.before, pair.after, pair.valid)], device)[0]
    window = most_of((np.abs(probability - pair.change) + pair.change) * pair.valid, WIDEST)
    rows = slice(window.row, window.row + window.height)
    columns = slice(window.column, window.column + window.width)
    return SeenPair(pair.cut(window), f1, probability[rows, columns])


def most_of(weight: AnyArray, widest: int) -> Window:
    """Finds the window that holds most of something.

    Args:
        weight: Not negative, [H, W].
        widest: Rows and columns of the window; as many as there are where these are fewer.
    """
    height, width = (min(length, widest) for length in weight.shape)
    near = uniform_filter(weight.astype(np.float64), (height, width), mode="constant", cval=0)
    # the mean over a window belongs to its middle, and only windows within the image count
    rows, columns = weight.shape[0] - height + 1, weight.shape[1] - width + 1
    inner = near[height // 2 : height // 2 + rows, width // 2 : width // 2 + columns]
    row, column = np.unravel_index(int(np.argmax(inner)), inner.shape)
    return Window(int(row), int(column), height, width)
