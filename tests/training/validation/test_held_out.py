from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from changen_cli.errors import TrainingError, UsageError
from changen_cli.training.config.options import parse_config
from changen_cli.training.data.batch import TrainingBatch
from changen_cli.training.data.crops import Crop
from changen_cli.training.data.samplers import make_samplers
from changen_cli.training.validation.held_out import HeldOut, draw_held_out, undisturbed


def test_fewer_crops_are_the_first_of_more(tiny_recipe: dict[str, Any]) -> None:
    crops = make_samplers(parse_config(tiny_recipe)).shown
    (few, noise), (more, others) = (draw_held_out(crops, count, 7) for count in (2, 3))
    assert (len(few), len(more)) == (2, 3)
    assert all(np.array_equal(a.image, b.image) for a, b in zip(few, more, strict=False))
    assert (noise.shape, noise.dtype) == ((2, 7), torch.float32)
    assert torch.equal(noise, others[:2])
    assert draw_held_out(crops, 2, 0)[1].shape == (2, 0)


def test_every_crop_is_seen_once_with_its_number(samples: list[Crop]) -> None:
    def predict(batch: TrainingBatch) -> Tensor:
        return batch.pixels.half() + batch.first

    crops = HeldOut(samples, torch.zeros(6, 0), "cpu", 4)
    found = [(first, len(made), made.dtype) for first, made in crops.predictions(predict)]
    assert found == [(0, 4, torch.float32), (4, 2, torch.float32)]


def test_what_is_not_finite_is_named(samples: list[Crop]) -> None:
    with pytest.raises(TrainingError, match="crops 0 to 5 is not finite"):
        list(HeldOut(samples, torch.zeros(6, 0), "cpu", 8).predictions(lambda batch: batch.pixels / 0))


def test_as_many_noise_vectors_as_crops(samples: list[Crop]) -> None:
    with pytest.raises(UsageError, match="it got 6 and 5"):
        HeldOut(samples, torch.zeros(5, 0), "cpu", 8)


def test_random_generators_are_put_back() -> None:
    before = torch.get_rng_state()
    with torch.autocast("cpu", torch.bfloat16), undisturbed(torch.device("cpu")):
        torch.rand(3)
        assert not torch.is_grad_enabled()
        assert not torch.is_autocast_enabled("cpu")
    assert torch.equal(torch.get_rng_state(), before)
