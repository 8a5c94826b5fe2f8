from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from changen_cli.errors import StoreError
from changen_cli.models.series_looks import SeriesLooks
from changen_cli.pipeline.mosaic.kept_looks import NAME, keep_looks


def test_looks_are_read_once(tmp_path: Path) -> None:
    looks = SeriesLooks(np.array([3, 7], np.int32), np.ones((2, 5), np.float32), np.zeros((3, 5), np.float32))
    folder = tmp_path / "a" / "scene"
    assert keep_looks(tmp_path, folder, lambda: looks) is looks

    def again() -> SeriesLooks:
        raise AssertionError("they are there")

    kept = keep_looks(tmp_path, folder, again)
    for name in ("uids", "codes", "ground"):
        np.testing.assert_array_equal(getattr(kept, name), getattr(looks, name))
        assert getattr(kept, name).dtype == getattr(looks, name).dtype
    (folder / NAME).write_bytes(b"nonsense")
    with pytest.raises(StoreError, match=r"cannot read .*looks.npz.*delete it"):
        keep_looks(tmp_path, folder, again)
