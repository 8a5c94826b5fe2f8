"""Label maps of a few houses, and one thread for every test of the package."""

from __future__ import annotations

import numpy as np
import pytest

from changen_cli.types import Int32Array


@pytest.fixture(scope="session", autouse=True)
def _one_thread(one_thread: None) -> None:
    del one_thread


@pytest.fixture
def labels() -> Int32Array:
    """S_0 ... S_2 [3, 40, 48]: house 4 stays, 9 is removed, 11 (of two parts) grows, 20 is created."""
    maps = np.zeros((3, 40, 48), np.int32)
    maps[:, 3:9, 4:12] = 4
    maps[0, 20:28, 4:12] = 9
    maps[:2, 3:9, 20:28] = 11
    maps[:, 12:14, 20:28] = 11
    maps[2, 3:9, 20:32] = 11
    maps[1:, 24:34, 30:40] = 20
    return maps
