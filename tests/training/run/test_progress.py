from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from changen_cli.training.config.options import parse_config
from changen_cli.training.run.progress import Throughput, training_progress


def test_images_a_second_since_the_last_measurement() -> None:
    seconds: Iterator[float] = iter([10.0, 12.0, 17.0])
    throughput = Throughput(8, 100, lambda: next(seconds))
    assert throughput.measure(110) == 10 * 8 / 2
    assert throughput.measure(120) == 10 * 8 / 5


def test_a_pause_does_not_count() -> None:
    seconds = iter([0.0, 1.0, 101.0, 104.0])
    throughput = Throughput(4, 0, lambda: next(seconds))
    with throughput.paused():
        pass
    assert throughput.measure(2) == 2 * 4 / 4


def test_a_clock_that_stands_still_divides_by_nothing() -> None:
    assert Throughput(4, 0, lambda: 0.0).measure(1) > 0


def test_progress_shows_speed_losses_and_time_left(tiny_recipe: dict[str, Any]) -> None:
    config = parse_config(tiny_recipe | {"iterations": 1810, "batch_size": 8})
    losses = {"g_segmentation": 1.0, "d_real": 0.5, "d_fake": 0.25}
    shown = training_progress(10, config, 4.0, losses)
    assert (shown.task, shown.done, shown.total, shown.unit) == ("train", 10, 1810, "iterations")
    assert shown.note == "4.0 images/s, G 1.000, D 0.750"
    assert shown.seconds_left == pytest.approx(3600)
    assert shown.values == losses | {"images_per_second": 4.0}
    assert training_progress(10, config, 4.0, {"loss": 0.5}).note == "4.0 images/s, loss 0.500"
