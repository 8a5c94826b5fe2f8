from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch

from changen_cli.reporter import Silent
from changen_cli.training.config.options import parse_config
from changen_cli.training.data.batch import TrainingBatch
from changen_cli.training.data.discover import LIMITS
from changen_cli.training.data.samplers import CropBatches
from changen_cli.training.learners.base import StepResult
from tests.training.tiny import tiny_batch, tiny_learner


def test_its_data_are_crops_of_scenes_as_they_are(recipe: Callable[..., dict[str, Any]]) -> None:
    learner = tiny_learner(parse_config(recipe("changen")))
    sources = learner.sources(learner.config, LIMITS, "cpu", Silent())
    assert isinstance(sources.train, CropBatches)
    assert sources.train.noise_dim == 16
    batch = sources.train.batch(3, 4, range(1, 3))
    assert (len(batch), batch.first) == (2, 13)
    assert sources.train.prepare(batch) is batch
    assert sources.train.remarks() == []
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


@pytest.mark.parametrize("balance", [True, False])
def test_classes_are_weighed_by_the_whole_mini_batch(
    balance: bool, recipe: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parts see the counts of all of them, where the losses weigh classes and are asked to."""
    learner = tiny_learner(parse_config(recipe("segmenter", balance=balance)))
    seen: list[bool] = []
    real = learner.losses_of

    def watched(parts: Sequence[TrainingBatch]) -> list[StepResult]:
        seen.extend(part.counts is not None for part in parts)
        return real(parts)

    monkeypatch.setattr(learner, "losses_of", watched)
    learner.step(*tiny_batch(0).parts(1))
    assert seen == [balance, balance]
