from __future__ import annotations

from pathlib import Path

import numpy as np

from changen_cli import open_pairs
from tests.export.conftest import Export


def test_lists_have_the_extension(run: Export) -> None:
    lines = (run("whu") / "list" / "test.txt").read_text().splitlines()
    assert lines == ["jinja__r1_c0__t0_t1.png", "jinja__r1_c0__t1_t2.png"]


def test_our_own_reader_gives_it_back(run: Export, stores: Path) -> None:
    root = run("whu")
    for split in ("train", "test"):
        found, wanted = open_pairs(root, split), open_pairs(stores / "zarr", split)
        assert list(found.ids) == list(wanted.ids)
        for index in range(len(wanted)):
            one, other = found.read(index), wanted.read(index)
            assert np.array_equal(one.before, other.before)
            assert np.array_equal(one.change, other.change)
