from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from changen_cli.reports.preview.facts import facts_of, pictures_of, pixel_area, said_of_step
from changen_cli.store.sample import Sample
from changen_cli.store.series import SeriesDataset


def test_the_numbers_of_a_series(sample: Sample) -> None:
    facts = json.loads(json.dumps(facts_of(sample), allow_nan=False))
    assert (facts["id"], facts["split"], facts["times"]) == (sample.id, "train", [0, 1, 2])
    assert facts["pixel"] == pytest.approx(0.25, rel=0.01)
    assert sample.valid is not None
    expected = [float(((one != 0) & sample.valid).sum() / sample.valid.sum()) for one in sample.change]
    assert facts["changed"] == pytest.approx(expected, abs=1e-6)
    assert facts["changes"][1] == [1, "create", 4, 1, 0, 30.0, round(24.5 / 40, 4), round(15 / 24, 4)]
    assert facts["changes"][2] == [2, "remove", 3, 1, 24.0, 0, round(16 / 40, 4), round(5 / 24, 4)]


def test_a_pixel_without_a_place_has_no_area(sample: Sample) -> None:
    assert pixel_area(replace(sample, crs=None)) is None
    assert pixel_area(replace(sample, transform=None)) is None


@pytest.mark.parametrize(("format", "dates", "masks"), [("zarr", 3, True), ("geotiff", 3, True), ("levir", 2, False)])
def test_the_pictures_of_a_series(output: Callable[[str], SeriesDataset], format: str, dates: int, masks: bool) -> None:
    sample = output(format)[0]
    pictures = json.loads(json.dumps(pictures_of(sample, 20)))
    assert (pictures["width"], pictures["height"]) == (20, 12)
    assert len(pictures["images"]) == dates
    assert len(pictures["changed"]) == dates - 1
    assert (pictures["masks"] is not None) is masks
    assert [[bool(path) for path in pair] for pair in pictures["shapes"]] == [
        [change.before is not None, change.after is not None] for change in sample.changes
    ]


def test_what_happened_in_words(sample: Sample) -> None:
    assert [said_of_step(sample, place) for place in range(3)] == ["as read", "1 create, 1 relocate", "1 remove"]
    assert said_of_step(replace(sample, changes=()), 1) == "no change"
    assert said_of_step(replace(sample, times=(1, 2)), 0) == ""
