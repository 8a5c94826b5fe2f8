from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import rasterio
from skimage.io import imsave

from changen_cli.errors import SceneError
from changen_cli.pairs.discover import open_pairs
from changen_cli.pairs.files import FilePairs, PairFiles
from changen_cli.scenes.window import Window
from tests.data.make_pairs import SIZE, label, make_whu, picture, write, write_pair, write_tif

WINDOW = Window(3, 5, 20, 30)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".bmp"])
@pytest.mark.parametrize("scale", [1, 255])
def test_a_pair_comes_back(tmp_path: Path, suffix: str, scale: int) -> None:
    write_pair(tmp_path, "a", 2, suffixes=(suffix,) * 3, scale=scale)
    source = pickle.loads(pickle.dumps(open_pairs(tmp_path)))
    assert source.shape(0) == SIZE
    pair = source.read(0)
    assert pair.id == "a"
    np.testing.assert_array_equal(pair.before, picture(2, 0).transpose(2, 0, 1))
    np.testing.assert_array_equal(pair.after, picture(2, 1).transpose(2, 0, 1))
    np.testing.assert_array_equal(pair.change, label(2) // 255)
    assert pair.before.dtype == pair.change.dtype == np.uint8
    assert pair.valid.all()
    assert pair.layouts is None
    assert pair.events is None


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg"])
def test_a_window_is_a_part_of_the_whole(tmp_path: Path, suffix: str) -> None:
    write_pair(tmp_path, "a", 2, suffixes=(suffix,) * 3)
    source = open_pairs(tmp_path)
    part, whole = source.read(0, WINDOW), source.read(0).cut(WINDOW)
    for name in ("before", "after", "change", "valid"):
        np.testing.assert_array_equal(getattr(part, name), getattr(whole, name))
    assert part.change.shape == (20, 30)


def test_labels_packed_with_loss_keep_their_shape(tmp_path: Path) -> None:
    drawn = np.zeros((64, 64), np.uint8)
    drawn[16:48, 8:40] = 255
    for name, pixels in (("A", np.stack([drawn] * 3, -1)), ("B", np.stack([drawn] * 3, -1)), ("label", drawn)):
        write(tmp_path / name / "a.jpg", pixels)
    found = open_pairs(tmp_path).read(0).change
    assert np.count_nonzero(found != drawn // 255) < 40


def test_layouts_of_both_dates(tmp_path: Path) -> None:
    pair = open_pairs(make_whu(tmp_path), "test").read(0)
    assert pair.layouts is not None
    assert pair.layouts.shape == (2, *SIZE)
    assert not pair.layouts[0].any()
    np.testing.assert_array_equal(pair.layouts[1], pair.change)
    cut = pair.cut(WINDOW)
    assert cut.layouts is not None
    np.testing.assert_array_equal(cut.layouts[1], cut.change)


def test_what_one_date_lacks_is_not_valid(tmp_path: Path) -> None:
    write_pair(tmp_path, "a", 1)
    alpha = np.full((*SIZE, 1), 255, np.uint8)
    alpha[:10] = 0
    write(tmp_path / "B" / "a.png", np.concatenate([picture(1, 1), alpha], -1))
    bands = picture(1, 0).transpose(2, 0, 1).copy()
    bands[:, :, :4] = 0
    (tmp_path / "A" / "a.png").unlink()
    write_tif(tmp_path / "A" / "a.tif", bands)
    with rasterio.open(tmp_path / "A" / "a.tif", "r+") as target:
        target.nodata = 0
    pair = open_pairs(tmp_path).read(0)
    expected = np.ones(SIZE, bool)
    expected[:10] = expected[:, :4] = False
    np.testing.assert_array_equal(pair.valid, expected)
    assert not pair.after[:, :10].any()


def test_grey_images_are_grey(tmp_path: Path) -> None:
    write_pair(tmp_path, "a", 1)
    write(tmp_path / "A" / "a.png", picture(1, 0)[..., 0])
    np.testing.assert_array_equal(open_pairs(tmp_path).read(0).before, [picture(1, 0)[..., 0]] * 3)


def test_files_that_do_not_fit_are_named(tmp_path: Path) -> None:
    write_pair(tmp_path, "a", 1)
    source = open_pairs(tmp_path)
    write(tmp_path / "B" / "a.png", picture(1, 1)[:30])
    with pytest.raises(SceneError, match=r"B/a\.png: has 48 x 30 pixels, and .*A/a\.png has 48 x 40"):
        source.read(0)
    imsave(tmp_path / "B" / "a.png", picture(1, 1)[..., 0].astype(np.uint16) * 200, check_contrast=False)
    with pytest.raises(SceneError, match=r"B/a\.png: pixels are uint16"):
        source.read(0)
    (tmp_path / "B" / "a.png").write_bytes((tmp_path / "A" / "a.png").read_bytes()[:2000])
    with pytest.raises(SceneError, match=r"B/a\.png: .*copy it again"):
        source.read(0)
    (tmp_path / "label" / "a.png").unlink()
    with pytest.raises(SceneError, match=r"label/a\.png: no such label"):
        source.read(0)


def test_there_is_no_other_pair() -> None:
    source = FilePairs("none", [PairFiles("a", "a", "b", "c")])
    for index in (-1, 1):
        with pytest.raises(IndexError):
            source.read(index)
