"""Every test of this folder gives as many inputs to its reader as it has declared."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.hostile.mutation import DECLARED, given_so_far


@pytest.fixture(autouse=True)
def _counted(request: pytest.FixtureRequest) -> Iterator[None]:
    before = given_so_far()
    yield
    count, _ = DECLARED.get(request.node.originalname, (0, 1))
    assert given_so_far() - before >= count
