from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from changen_cli.reporter import Silent
from changen_cli.training.config.options import parse_config
from changen_cli.training.data.discover import LIMITS
from changen_cli.training.data.samplers import CropBatches
from tests.training.tiny import tiny_batch, tiny_learner


def test_its_data_are_crops_of_scenes_as_they_are(recipe: Callable[..., dict[str, Any]]) -> None:
    learner = tiny_learner(parse_config(recipe("changen")))
    sources = learner.sources(learner.config, LIMITS, "cpu", Silent())
    assert isinstance(sources.train, CropBatches)
    assert sources.train.noise_dim == 16
    batch = sources.train.batch(3, 4, range(1, 3))
    assert (len(batch), batch.first) == (2, 13)
    assert sources.train.prepare(batch) is batch
    assert np.array_equal(batch.image[0].numpy(), sources.train.crops[13].image)
    assert sources.held_out is sources.shown


def test_a_sheet_shows_the_moving_average_as_it_is_now(recipe: Callable[..., dict[str, Any]]) -> None:
    learner = tiny_learner(parse_config(recipe("segmenter")))
    draw = learner.sheet(learner.sources(learner.config, LIMITS, "cpu", Silent()).shown, 3)
    before, again = draw(), draw()
    assert len(before) == 3
    assert all(np.array_equal(a[2], b[2]) for a, b in zip(before, again, strict=True))  # type: ignore[arg-type]
    with torch.no_grad():
        for parameter in learner.ema.network.parameters():
            parameter.neg_()
    after = draw()
    assert not all(np.array_equal(a[2], b[2]) for a, b in zip(before, after, strict=True))  # type: ignore[arg-type]


def test_classes_are_weighed_by_the_whole_mini_batch(recipe: Callable[..., dict[str, Any]]) -> None:
    """Parts see the counts of all of them, where the losses weigh classes and are asked to."""
    for balance in (True, False):
        learner = tiny_learner(parse_config(recipe("segmenter", balance=balance)))
        seen = []
        learner.losses_of = lambda parts: seen.extend(parts) or [None] * len(parts)  # type: ignore[method-assign, assignment, func-returns-value]
        try:
            learner.step(*tiny_batch(0).parts(1))
        except AttributeError:
            pass  # nothing was trained here
        assert [part.counts is not None for part in seen] == [balance, balance]
