from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from changen_cli.pipeline.estimate import estimate
from changen_cli.pipeline.generate import generate
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.pipeline.run import resolve_run


def test_the_count_is_that_of_the_run(options: Callable[..., GenerateOptions], tmp_path: Path) -> None:
    asked = options(variants=3, steps=2, shard_samples=4)
    figures = estimate(resolve_run(asked))
    assert not (tmp_path / "out").exists()
    assert generate(asked).samples == figures["samples"] == 18
    assert (figures["scenes"], figures["tiles"], figures["variants"], figures["shards"]) == (1, 6, 3, 5)
    assert figures["bytes"] == 18 * 100 * 100 * (3 * 8 + 2 + 1)
    assert (figures["device"], figures["unusable_scenes"]) == ("cpu", [])


def test_the_time_is_measured(
    options: Callable[..., GenerateOptions], untrained_weights: Path, one_thread: None, monkeypatch: pytest.MonkeyPatch
) -> None:

    run = resolve_run(options(synthesizer="changen", weights=str(untrained_weights), steps=2, batch_size=4))
    clock = iter((10.0, 12.0))
    figures = estimate(run, lambda: next(clock))
    assert figures["seconds_per_step"] == pytest.approx(0.25)  # two seconds for two steps of a batch of four
    assert figures["seconds"] == pytest.approx(0.25 * 6 * 2)


def test_a_mosaic_is_as_much_as_its_windows(
    options: Callable[..., GenerateOptions], untrained_weights: Path, one_thread: None
) -> None:
    asked = options(
        mosaic=True, tile_size=96, overlap=32, synthesizer="changen", weights=str(untrained_weights), variants=2
    )
    clock = iter((10.0, 11.0))
    figures = estimate(resolve_run(asked), lambda: next(clock))
    # a town of 200 x 300 in windows of 96 every 64 pixels
    assert (figures["tiles"], figures["samples"], figures["shards"]) == (3 * 5, 2, 2)
    assert figures["bytes"] == 2 * 200 * 300 * (2 * 8 + 1 + 1)
    assert figures["seconds"] == pytest.approx(1.0 * 15 * 2)
