from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from changen_cli import open_pairs, open_series
from changen_cli.export.layouts.s2looking import BUILT, DEMOLISHED, coloured
from tests.export.conftest import Export


def read(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    with Image.open(path) as image:
        return np.asarray(image)


def test_our_own_reader_gives_it_back(run: Export, stores: Path) -> None:
    found, wanted = open_pairs(run("s2looking"), "train"), open_pairs(stores / "zarr", "train")
    assert [Path(one).name for one in found.ids] == list(wanted.ids)
    for index in range(len(wanted)):
        assert np.array_equal(found.read(index).after, wanted.read(index).after)
        assert np.array_equal(found.read(index).change, wanted.read(index).change)


def test_built_and_demolished_are_told_apart(run: Export, stores: Path) -> None:
    """As torchrs reads them: the mean of the bands, clipped to 0 and 1."""
    root = run("s2looking") / "test"
    (series,) = open_series(stores / "zarr", "test")
    assert series.mask is not None
    for step in range(2):
        built, demolished = (
            np.clip(read(root / folder / f"{series.id}__t{step}_t{step + 1}.png").mean(axis=-1), 0, 1) == 1
            for folder in ("label1", "label2")
        )
        assert np.array_equal(built, (series.mask[step] == 0) & (series.mask[step + 1] != 0))
        assert np.array_equal(demolished, (series.mask[step] != 0) & (series.mask[step + 1] == 0))
    assert built.sum() == 0  # the last step only removes
    assert demolished.sum() > 0


def test_pairs_without_masks_have_no_such_labels(run: Export) -> None:
    root = run("s2looking", "levir")
    assert sorted(path.name for path in (root / "train").iterdir()) == ["Image1", "Image2", "label"]


def test_colours() -> None:
    where = np.array([[True, False]])
    assert coloured(where, BUILT)[:, 0].tolist() == [[0, 0], [0, 0], [255, 0]]
    assert coloured(where, DEMOLISHED)[:, 0, 0].tolist() == [255, 0, 0]
