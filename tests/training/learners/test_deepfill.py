from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from changen_cli.training.config.options import parse_config
from changen_cli.training.data.samplers import make_samplers
from changen_cli.training.learners.holes import draw_holes
from tests.training.tiny import tiny_batch, tiny_gan, tiny_learner


def test_it_never_sees_what_is_behind_a_hole(recipe: Callable[..., dict[str, Any]]) -> None:
    config = parse_config(recipe("deepfill"))
    batch = tiny_batch(config.noise_dim)
    hole = draw_holes(batch.before, batch.after, config.seed, "train", 0)
    made: list[Tensor] = []
    for image in (batch.image, batch.image.masked_fill(hole, 217)):
        learner = tiny_gan(config)
        learner.generator.register_forward_hook(lambda module, args, out: made.append(out[1].detach()))
        learner.step(replace(batch, image=image))
    assert torch.equal(*made)


def test_outside_its_hole_an_image_stays_as_it_is(recipe: Callable[..., dict[str, Any]]) -> None:
    config = parse_config(recipe("deepfill"))
    batch = tiny_batch(0)
    made = tiny_learner(config).predict(batch)
    hole = draw_holes(batch.before, batch.after, config.seed, "val", 0).expand_as(made)
    assert torch.equal(made[~hole], batch.pixels[~hole])
    assert not torch.equal(made[hole], batch.pixels[hole])


def test_a_row_shows_the_image_its_hole_and_what_fills_it(recipe: Callable[..., dict[str, Any]]) -> None:
    config = parse_config(recipe("deepfill"))
    crop = make_samplers(config).shown[0]
    (row,) = tiny_learner(config).show([crop], torch.zeros(1, 0))
    image, holed, filled = (cell for cell in row if cell is not None)
    assert np.array_equal(image, crop.image.transpose(1, 2, 0))
    hole = (holed != image).any(2)
    assert hole.any()
    assert len(np.unique(holed[hole])) == 1
    assert np.array_equal(filled[~hole], image[~hole])
