from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from torchgeo.datasets import LEVIRCD

from changen_cli import open_pairs, open_series
from tests.export.conftest import Export


@pytest.mark.parametrize("format", ["zarr", "levir"])
def test_torchgeo_reads_it(run: Export, stores: Path, format: str) -> None:
    root = run("levir-cd", format)
    assert [len(LEVIRCD(root, split)) for split in ("train", "val", "test")] == [4, 0, 2]
    sample = LEVIRCD(root, "test")[0]
    (series,) = open_series(stores / "zarr", "test")
    assert np.array_equal(sample["image"].numpy(), series.image[:2])
    assert np.array_equal(sample["mask"][0].numpy(), series.change[0])


def test_our_own_reader_gives_it_back(run: Export, stores: Path) -> None:
    root = run("levir-cd", "levir")
    for split in ("train", "test"):
        found, wanted = open_pairs(root, split), open_pairs(stores / "zarr", split)
        assert [one.removeprefix(f"{split}_") for one in found.ids] == list(wanted.ids)
        for index in range(len(wanted)):
            assert np.array_equal(found.read(index).after, wanted.read(index).after)
            assert np.array_equal(found.read(index).change, wanted.read(index).change)


def test_lists_have_no_extension(run: Export) -> None:
    lines = (run("levir-cd") / "list" / "test.txt").read_text().splitlines()
    assert lines == ["test_jinja__r1_c0__t0_t1", "test_jinja__r1_c0__t1_t2"]
