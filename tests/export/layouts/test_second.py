from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from changen_cli import open_pairs, open_series
from changen_cli.errors import UsageError
from changen_cli.export.layouts.second import CLASSES, COLOURS, class_table
from tests.export.conftest import Export

NAMES = ("2=water",)


def read(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    with Image.open(path) as image:
        return np.asarray(image)


def test_what_was_there_before_and_after(run: Export, stores: Path) -> None:
    root = run("second", class_name=NAMES) / "test"
    (series,) = open_series(stores / "zarr", "test")
    assert series.mask is not None
    name = f"{series.id}__t0_t1.png"
    changed = series.change[0] != 0
    assert np.array_equal(read(root / "label" / name), series.change[0])
    for folder, mask in (("label1", series.mask[0]), ("label2", series.mask[1])):
        numbers = read(root / folder / name)
        assert (numbers[~changed] == 0).all()
        assert (numbers[changed & (mask == 0)] == CLASSES.index("ground")).all()
        assert (numbers[changed & (mask == 1)] == CLASSES.index("building")).all()
        assert (numbers[changed & (mask == 2)] == CLASSES.index("water")).all()
        assert np.array_equal(read(root / f"{folder}_rgb" / name), np.array(COLOURS, np.uint8)[numbers])
    assert (changed & (series.mask[1] == 1)).any()
    assert (changed & (series.mask[0] == 2)).any()


def test_our_own_reader_gives_it_back(run: Export, stores: Path) -> None:
    found = open_pairs(run("second", class_name=NAMES), "train")
    wanted = open_pairs(stores / "zarr", "train")
    assert [Path(one).name for one in found.ids] == list(wanted.ids)
    assert np.array_equal(found.read(0).change, wanted.read(0).change)


def test_a_class_without_a_name_is_refused(run: Export) -> None:
    with pytest.raises(UsageError, match=r"class 2 of .* --class-name 2=NAME, one of water"):
        run("second")


def test_the_table_of_classes() -> None:
    table = class_table({1: "building", 3: "tree", 4: "castle"})
    assert table[:5].tolist() == [2, 5, 0, 4, 0]
