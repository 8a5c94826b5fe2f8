from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from torchgeo.datasets import LEVIRCDPlus

from changen_cli import open_pairs, open_series
from tests.export.conftest import Export


@pytest.mark.parametrize("format", ["geotiff", "levir"])
def test_torchgeo_reads_it(run: Export, stores: Path, format: str) -> None:
    root = run("levir-cd-plus", format, pairs="all")
    assert [len(LEVIRCDPlus(root, split)) for split in ("train", "test")] == [6, 3]
    sample = LEVIRCDPlus(root, "test")[1]  # in the order of names t0_t1, t0_t2, t1_t2
    (series,) = open_series(stores / "zarr", "test")
    assert series.mask is not None
    assert np.array_equal(sample["image"].numpy(), series.image[[0, 2]])
    assert np.array_equal(sample["mask"][0].numpy(), series.mask[0] != series.mask[2])


def test_our_own_reader_gives_it_back(run: Export, stores: Path) -> None:
    found, wanted = open_pairs(run("levir-cd-plus"), "train"), open_pairs(stores / "zarr", "train")
    assert [Path(one).name for one in found.ids] == list(wanted.ids)
    assert np.array_equal(found.read(0).change, wanted.read(0).change)


def test_nothing_but_pictures_lies_in_the_folders(run: Export) -> None:
    for folder in (run("levir-cd-plus") / "LEVIR-CD+").glob("*/*/"):
        assert {path.suffix for path in folder.iterdir()} <= {".png"}
