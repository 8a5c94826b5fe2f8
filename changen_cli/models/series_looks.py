"""The looks that a series was made with, as numbers that are kept. Worker processes import this: no torch."""

from __future__ import annotations

from dataclasses import dataclass

from changen_cli.types import Float32Array, Int32Array


@dataclass(frozen=True, slots=True)
class SeriesLooks:
    """The looks of one series: an object has one at every date, that of the ground moves from date to date.

    Attributes:
        uids: uid of each object, int32 [R], ascending, without 0.
        codes: Look of each object, float32 [R, D].
        ground: Look of the ground at each date, float32 [n + 1, D]; the first is that of I_0.
    """

    uids: Int32Array
    codes: Float32Array
    ground: Float32Array
