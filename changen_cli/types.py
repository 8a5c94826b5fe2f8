"""Aliases of arrays, whose shapes are given where they are used, and the names of the splits."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

UInt8Array: TypeAlias = NDArray[np.uint8]
Int32Array: TypeAlias = NDArray[np.int32]
Int64Array: TypeAlias = NDArray[np.int64]
Float32Array: TypeAlias = NDArray[np.float32]
BoolArray: TypeAlias = NDArray[np.bool_]
AnyArray: TypeAlias = NDArray[Any]


class Split(StrEnum):
    """What the samples of a scene are for; text, so that files hold "train", "val" or "test"."""

    TRAIN = "train"
    VAL = "val"
    TEST = "test"
