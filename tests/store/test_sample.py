from __future__ import annotations

from typing import Any

import numpy as np

from changen_cli.models.series_looks import SeriesLooks
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
