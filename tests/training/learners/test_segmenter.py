from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from changen_cli.reports.pictures import CREATED, REMOVED
from changen_cli.training.config.options import parse_config
from changen_cli.training.data.samplers import make_samplers
from changen_cli.training.train import train
from changen_cli.training.validation.segmentation import SegmenterValidation
from tests.reporting import Heard
from tests.training.tiny import tiny_batch, tiny_learner


def test_it_learns_what_roofs_look_like(recipe: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    seen: list[dict[str, float]] = []
    config = parse_config(recipe("segmenter", iterations=30, lr_generator=3e-3, betas=[0.9, 0.999]))
    train(config, tmp_path, reporter=Heard(lambda progress: seen.append(dict(progress.values))))
    first, last = (float(np.mean([s["loss"] for s in part])) for part in (seen[:3], seen[-3:]))
    assert last < 0.5 * first
    assert np.mean([s["iou"] for s in seen[-3:]]) > 0.6


def test_jitter_is_drawn_for_each_sample_and_can_be_left_out(recipe: Callable[..., dict[str, Any]]) -> None:
    seen = []
    for jitter, first in ((0.0, 0), (0.3, 0), (0.3, 0), (0.3, 2)):
        config = parse_config(recipe("segmenter", jitter=jitter))
        learner = tiny_learner(config)
        learner.network.register_forward_pre_hook(lambda module, args: seen.append(args[0].detach()))
        learner.step(tiny_batch(0, first))
    plain, jittered, again, others = seen
    torch.testing.assert_close(plain, tiny_batch(0).pixels, rtol=0, atol=1e-5)
    assert (jittered - plain).abs().max() > 0.01
    assert torch.equal(jittered, again)
    assert not torch.equal(jittered, others)
    assert all(image.abs().max() <= 1 for image in seen)


def test_a_row_shows_what_is_missed_and_what_is_seen_falsely(recipe: Callable[..., dict[str, Any]]) -> None:
    config = parse_config(recipe("segmenter"))
    crop = make_samplers(config).shown[0]
    learner = tiny_learner(config)
    (row,) = learner.show([crop], torch.zeros(1, 0))
    image, before, seen = (cell for cell in row if cell is not None)
    assert np.array_equal(image, crop.image.transpose(1, 2, 0))
    missed, false = (before == REMOVED).all(2), (seen == CREATED).all(2)
    assert not (missed & (crop.before == 0)).any()
    assert not (false & (crop.before > 0)).any()
    assert missed.any() or false.any()


def test_what_it_reads_is_what_it_is_validated_by(recipe: Callable[..., dict[str, Any]]) -> None:
    config = parse_config(recipe("segmenter", validation_crops=4))
    validator = tiny_learner(config).validator(make_samplers(config).shown)
    assert isinstance(validator, SegmenterValidation)
    assert "iou" in validator.columns
