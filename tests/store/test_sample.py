from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from shapely.geometry import box

from changen_cli.events.base import Change
from changen_cli.models.series_looks import SeriesLooks
from changen_cli.scenes.layout import Footprint
from changen_cli.store.sample import Sample


def make(**more: Any) -> Sample:
    images = np.zeros((2, 3, 4, 4), np.uint8)
    return Sample("a", "scene", "train", None, None, (0, 1), images, images[1:, 0], None, None, None, (), **more)


def test_a_sample_without_looks_and_conditions_has_none() -> None:
    sample = make()
    assert sample.looks is None
    assert sample.conditions == ()


def test_looks_and_conditions_are_read_when_they_are_asked_for() -> None:
    looks = SeriesLooks(np.array([3], np.int32), np.ones((1, 2), np.float32), np.zeros((2, 2), np.float32))
    read: list[str] = []

    def read_looks() -> SeriesLooks:
        read.append("looks")
        return looks

    def read_conditions() -> tuple[dict[str, dict[str, tuple[float, ...]]], ...]:
        read.append("conditions")
        return ({"haze": {"share": (0.2,)}}, {})

    sample = make(read_looks=read_looks, read_conditions=read_conditions)
    assert read == []
    assert sample.looks is looks
    assert sample.conditions[0] == {"haze": {"share": (0.2,)}}
    assert read == ["looks", "conditions"]


def test_samples_are_compared_without_how_they_read() -> None:
    assert "read_looks" not in repr(make())


def test_it_says_what_it_is_without_its_pixels() -> None:
    told = make()
    assert repr(told) == "<Sample a: 2 dates of 4 x 4 pixels, split train, changes: none>"
    change = Change("remove", 1, Footprint(1, box(0, 0, 2, 2)), None)
    assert "changes: 2 remove>" in repr(replace(told, changes=(change, change)))


def test_one_dict_as_torchgeo_has_them() -> None:
    sample = make()
    pair = sample.as_dict()
    assert {name: (str(value.dtype), tuple(value.shape)) for name, value in pair.items()} == {
        "image": ("torch.float32", (2, 3, 4, 4)),
        "mask": ("torch.int64", (1, 4, 4)),
    }
    masks = np.arange(32, dtype=np.uint8).reshape(2, 4, 4)
    whole = replace(
        sample, mask=masks, instance=masks.astype(np.int32) * 1000, valid=np.ones((4, 4), np.bool_)
    ).as_dict()
    assert set(whole) == {"image", "mask", "layout", "instance", "valid"}
    assert torch.equal(whole["layout"], torch.from_numpy(masks).long())
    assert whole["instance"].dtype == torch.int64
    assert whole["valid"].dtype == torch.bool
