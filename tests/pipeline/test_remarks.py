from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from changen_cli.pipeline.options import GenerateOptions
from changen_cli.pipeline.remarks import class_remarks, remarks
from changen_cli.scenes.window import TileGrid, WholeScene
from changen_cli.types import Split


def said(
    grids: Any = (),
    values: str = "",
    metres: float | None = 0.5,
    own: float | None = None,
    splits: Any = (Split.TRAIN,),
    **options: Any,
) -> list[str]:
    footprints = {"kind": "mask", "values": values} if values else {"kind": "vector"}
    scene = {"footprints": footprints, "ground_resolution": metres}
    scene |= {} if own is None else {"own_resolution": own}
    return list(remarks(GenerateOptions(inputs=("a",), **options), [scene], grids, splits))


def test_nothing_is_said_of_what_goes_together() -> None:
    assert said() == []
    assert said(values="binary", metres=None) == []


@pytest.mark.parametrize(("values", "words"), [("instance", "ids of objects"), ("class", "classes")])
def test_what_masks_were_taken_for(values: str, words: str) -> None:
    (line,) = said(values=values)
    assert words in line
    assert "--mask-values" in line
    assert said(values=values, mask_values=values) == []


@pytest.mark.parametrize(("metres", "odd"), [(0.1, True), (0.27, False), (0.6, False), (10, True)])
def test_resolutions_that_the_weights_are_not_for(metres: float, odd: bool) -> None:
    lines = said(metres=metres, suited=(0.27, 0.6))
    assert ["the weights are for 0.27 to 0.6 m" in line for line in lines] == [True] * odd
    assert said(metres=metres) == []


def test_a_resolution_that_was_chosen_is_said_once() -> None:
    (line,) = said(metres=0.27, own=0.14, suited=(0.27, 0.6))
    assert "1 of 1 scenes are read at 0.27 m a pixel and not at their own 0.14 m" in line
    assert "--resolution native" in line


def test_splits_that_stay_empty_in_a_format_of_pairs() -> None:
    assert "val and test" in said(format="levir")[0]
    assert "split test:" in said(format="levir", splits=(Split.TRAIN, Split.VAL))[0]
    assert said(format="levir", split=(1, 0, 0)) == []
    assert said(format="levir", splits=tuple(Split)) == []


@pytest.mark.parametrize(
    ("length", "overlap", "shared"), [(512, 0, 0), (500, 0, 0), (300, 0, 212), (520, 0, 248), (448, 64, 0)]
)
def test_tiles_that_share_more_than_was_asked_for(length: int, overlap: int, shared: int) -> None:
    lines = said(grids=[TileGrid(256, length, 256, overlap)], overlap=overlap)
    assert [f"up to {shared} of 256" in line for line in lines] == ([True] if shared else [])
    assert said(grids=[TileGrid(256, length, 256, overlap, "pad")], overlap=overlap, edges="pad") == []
    assert said(grids=[WholeScene(256, length)]) == []


def of_classes(footprints: dict[str, Any], classes: int | None = 2) -> list[str]:
    options = GenerateOptions(inputs=("a",), class_name=("2=water",))
    return list(class_remarks(options, [{"footprints": footprints}] * 2, SimpleNamespace(classes=classes)))


def test_what_becomes_of_classes_that_weights_do_not_know() -> None:
    (line,) = of_classes({"class_attribute": "kind", "classes": {"1": 9, "2": 3, "7": 1}})
    assert "other classes than 1 are in the labels, but ground" in line
    assert "6 of class 2 (water), 2 of class 7 (no name)" in line
    (line,) = of_classes({"values": "class"})
    assert "those that class masks and very large files have" in line
    (line,) = of_classes({"class_attribute": "kind"})  # a file that is read window by window
    assert "very large files" in line


def test_nothing_is_said_of_classes_that_are_known() -> None:
    assert of_classes({"class_attribute": "kind", "classes": {"1": 9}}) == []
    assert of_classes({"classes": {"2": 9}}, classes=3) == []
    assert of_classes({"values": "class"}, classes=None) == []
    assert of_classes({"kind": "vector"}) == []
