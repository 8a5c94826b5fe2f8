from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

from changen_cli.errors import UsageError
from changen_cli.reports.pictures import CREATED, KEPT, REMOVED
from changen_cli.reports.plot import plot
from changen_cli.store.sample import Sample

pyplot = pytest.importorskip("matplotlib.pyplot")
pyplot.switch_backend("Agg")


@pytest.fixture(autouse=True)
def _closed() -> Any:
    yield
    pyplot.close("all")


def make(layouts: bool = True) -> Sample:
    images = np.random.default_rng(0).integers(0, 256, (3, 3, 8, 9), np.uint8)
    masks = np.zeros((3, 8, 9), np.uint8)
    masks[:, 0, 0] = 1
    masks[:2, 2, 2] = 1
    masks[1:, 4, 4] = 1
    change = (masks[1:] != masks[:-1]).astype(np.uint8)
    return Sample("a", "s", "train", None, None, (0, 1, 2), images, change, masks if layouts else None, None, None, ())


def pictures(figure: Any) -> list[list[Any]]:
    """What each row shows, None where there is nothing; axes are listed row by row."""
    shown = [axes.images[0].get_array() if axes.images else None for axes in figure.axes]
    return [shown[start : start + 3] for start in range(0, len(shown), 3)]


def test_images_with_their_layouts_below() -> None:
    sample = make()
    figure = plot(sample, suptitle="a place")
    images, layouts = pictures(figure)
    for shown, image in zip(images, sample.image, strict=True):
        assert np.array_equal(shown, image.transpose(1, 2, 0))
    assert [tuple(picture[0, 0]) for picture in layouts] == [KEPT] * 3
    assert tuple(layouts[1][4, 4]) == CREATED
    assert tuple(layouts[1][2, 2]) == REMOVED
    assert [axes.get_title() for axes in figure.axes[:4]] == ["image 0", "image 1", "image 2", "layout 0"]
    assert figure.get_suptitle() == "a place"
    assert plot(sample, show_titles=False).axes[0].get_title() == ""


def test_changes_where_there_are_no_layouts() -> None:
    sample = make(layouts=False)
    for given in (sample, {name: sample.as_dict()[name] for name in ("image", "mask")}):
        _, (first, second, _) = pictures(plot(given))
        assert first is None
        assert np.array_equal(second[..., 0] > 0, sample.change[0] > 0)


def test_predictions_are_a_third_row() -> None:
    item = make().as_dict()
    item["prediction"] = 1 - item["mask"]
    figure = plot(item)
    _, _, (nothing, first, _) = pictures(figure)
    assert nothing is None
    assert np.array_equal(first[..., 0] > 0, item["mask"][0].numpy() == 0)


def test_samples_of_torchgeo_are_drawn() -> None:
    torch = pytest.importorskip("torch")
    figure = plot({"image": torch.zeros(2, 3, 8, 8), "mask": torch.ones(1, 8, 8).long()})
    assert len(figure.axes) == 4


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({}, "'image' must have 4"),
        ({"image": np.zeros((2, 3, 4, 4)), "mask": np.zeros((4, 4))}, "'mask' must have 3"),
        ({"image": np.zeros((2, 3, 4, 4)), "mask": np.zeros((2, 4, 4))}, "2 images of three bands need 1"),
        ({"image": np.zeros((2, 4, 4, 4)), "mask": np.zeros((1, 4, 4))}, "three bands"),
    ],
)
def test_other_things_are_refused(item: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        plot(item)


def test_without_matplotlib_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(UsageError, match="pip install matplotlib"):
        plot(make())
