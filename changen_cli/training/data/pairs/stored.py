"""Crops of stored pairs: which pair comes when, where it is cut, how it is enlarged, flipped and turned."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from changen_cli import rng
from changen_cli.errors import ChangenError, TrainingError
from changen_cli.pairs.base import ChangePair, PairSource
from changen_cli.scenes.window import Window
from changen_cli.training.config.pairs import AugmentOptions
from changen_cli.training.data.cut import moved, resampled
from changen_cli.training.data.pairs.batch import PairSample
from changen_cli.types import AnyArray, Int64Array, UInt8Array

ONE_TURN = (1, 2)
"""Mirrored columns, and mirrored rows; see :func:`~changen_cli.training.data.cut.turned`."""

QUARTERS = (0, 5, 3, 6)
"""Turns by 0, 1, 2 and 3 right angles."""


class StoredPairs:
    """Draws crops of a source's pairs; sample k of a stream is a function of (seed, stream, k) alone.

    An epoch of N samples takes every pair once, in an order of its own.

    Attributes:
        source: The pairs.
        chosen: Those that are used, int64 [M], at most N; the N samples of an epoch go over them again and again.
    """

    def __init__(
        self,
        source: PairSource,
        chosen: Sequence[int],
        augment: AugmentOptions | None,
        *,
        size: int,
        epoch: int = 0,
        seed: int = 0,
        stream: str = "train",
    ) -> None:
        """Makes a sampler.

        Args:
            source: The pairs.
            chosen: Which of them, at least one.
            augment: How they are varied; None for crops as they are.
            size: Side of the crops.
            epoch: Samples of an epoch, N; 0 for as many as are chosen.
            seed: Of everything.
            stream: "train" or "val"; other streams draw other crops.
        """
        self.source, self.augment, self.size, self.seed, self.stream = source, augment, size, seed, stream
        self.chosen: Int64Array = np.asarray(chosen, np.int64)
        self._epoch = epoch or len(self.chosen)
        self._order: tuple[int, Int64Array] | None = None

    def __len__(self) -> int:
        """Returns the samples of an epoch."""
        return self._epoch

    def index_of(self, number: int) -> int:
        """Says which pair of the source a sample is cut from."""
        epoch, place = divmod(number, self._epoch)
        if self._order is None or self._order[0] != epoch:
            draw = rng.generator(self.seed, self.stream, self.source.name, epoch, "order")
            # repeated to the length of an epoch first, so that each is seen as often as another
            slots = self.chosen[np.arange(self._epoch) % len(self.chosen)]
            self._order = epoch, draw.permutation(slots) if self.stream == "train" else slots
        return int(self._order[1][place])

    def __getitem__(self, number: int) -> PairSample:
        """Draws sample ``number`` of the stream.

        Raises:
            TrainingError: If the pair cannot be read.
        """
        draw = rng.generator(self.seed, self.stream, number, "pair")
        index = self.index_of(number)
        try:
            height, width = self.source.shape(index)
            side = round(self.size / self._factor(draw))
            row, column = (int(draw.integers(max(0, length - side) + 1)) for length in (height, width))
            window = Window(row, column, min(side, height), min(side, width))
            pair = self.source.read(index, None if (window.height, window.width) == (height, width) else window)
        except ChangenError as error:
            raise TrainingError(f"{error}; then run the same command again") from error
        return self._sample(pair, side, self._turn(draw))

    def _factor(self, draw: np.random.Generator) -> float:
        if self.augment is None or not self.augment.zoom or draw.random() >= self.augment.zooms:
            return 1.0
        return self.augment.zoom[int(draw.integers(len(self.augment.zoom)))]

    def _turn(self, draw: np.random.Generator) -> int:
        if self.augment is None or self.augment.turns == "none":
            return 0
        if self.augment.turns == "all":
            return int(draw.integers(8))
        if draw.random() >= 0.5:
            return 0
        kind = int(draw.integers(3))
        return ONE_TURN[kind] if kind < 2 else QUARTERS[int(draw.integers(4))]

    def _sample(self, pair: ChangePair, side: int, turn: int) -> PairSample:
        """Pads a pair to a square of ``side``, brings it to the size of a crop, and turns it."""
        images = _padded(np.concatenate([pair.before, pair.after]), side)
        valid = _padded(pair.valid, side)
        masks = [pair.change, *(() if pair.layouts is None else pair.layouts)]
        labels = _padded(np.stack([(mask > 0).astype(np.uint8) for mask in masks]), side)
        if side != self.size:
            images, valid = resampled(images, valid, self.size)
            labels = _nearest(labels, self.size)
        images, valid, labels = (moved(array, turn) for array in (images, valid, labels))
        labels = labels * valid
        return PairSample(
            images=np.ascontiguousarray((images * valid).reshape(2, 3, self.size, self.size)),
            change=labels[0],
            valid=valid,
            layouts=None if pair.layouts is None else labels[1:],
        )


def first_by_name(ids: Sequence[str], chosen: Sequence[int], fraction: float) -> list[int]:
    """Takes a share of pairs: the first by name, rounded down, but at least one.

    Args:
        ids: Of all pairs.
        chosen: Which of them there are to choose from.
        fraction: The share, above 0, at most 1.

    Returns:
        Their numbers.
    """
    named = sorted(chosen, key=lambda index: ids[index])
    return named[: max(1, math.floor(len(named) * fraction))]


def _padded(array: AnyArray, side: int) -> AnyArray:
    """Pads the last two axes with 0 at the bottom and at the right."""
    height, width = array.shape[-2:]
    if (height, width) == (side, side):
        return array
    return np.pad(array, [(0, 0)] * (array.ndim - 2) + [(0, side - height), (0, side - width)])


def _nearest(labels: UInt8Array, size: int) -> UInt8Array:
    """Resamples labels, [..., S, S]: each pixel takes the label at its centre."""
    side = labels.shape[-1]
    places = np.minimum(((np.arange(size) + 0.5) * side / size).astype(np.int64), side - 1)
    found: UInt8Array = labels[..., places[:, None], places]
    return found
