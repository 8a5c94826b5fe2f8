from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from changen_cli.errors import UsageError
from changen_cli.training.config.options import parse_config
from changen_cli.training.data.batch import TrainingBatch
from changen_cli.training.data.crops import Crop
from changen_cli.training.data.samplers import make_samplers
from changen_cli.training.validation.base import Validator
from changen_cli.training.validation.segmentation import SegmenterValidation

SIDE = 64
NOISE = torch.zeros(6, 4)


def test_segmenter_that_reads_right_and_one_that_sees_nothing(samples: list[Crop]) -> None:
    validation: Validator[TrainingBatch] = SegmenterValidation(samples, NOISE[:, :0], batch_size=4)
    assert validation.columns == ("iou", "right", "building", "background")
    assert validation.absent == {}

    def logits(classes: Tensor) -> Tensor:
        return nn.functional.one_hot(classes.long(), 2).permute(0, 3, 1, 2).float()

    assert validation.run(lambda batch: logits(batch.before)) == dict.fromkeys(validation.columns, 1.0)
    built = float(np.mean([sample.before.mean() for sample in samples]))
    blind = validation.run(lambda batch: logits(torch.zeros_like(batch.before)))
    assert blind == pytest.approx({"iou": 0, "right": 1 - built, "building": 0, "background": 1})
    # where it sees S_t+1 instead: one of two, and one that is not there
    single = validation.run(lambda batch: torch.where(batch.after > 0, 3.0, -3.0)[:, None])
    gone, stays, comes = 16 * 18, 16 * 14, 14 * 18
    assert single["building"] == pytest.approx(stays / (gone + stays))
    assert single["iou"] == pytest.approx(stays / (gone + stays + comes))


def test_classes_count_apart_for_right_alone(samples: list[Crop]) -> None:
    other = [replace(sample, before=sample.before * 2) for sample in samples]
    validation = SegmenterValidation(other, NOISE)

    def predict(batch: TrainingBatch) -> Tensor:
        return nn.functional.one_hot((batch.before > 0).long(), 3).permute(0, 3, 1, 2).float()

    found = validation.run(predict)
    assert (found["iou"], found["building"], found["background"]) == (1, 1, 1)
    assert found["right"] < 1


def test_a_segmenter_on_bare_ground(samples: list[Crop]) -> None:
    bare: list[Crop] = [replace(sample, before=np.zeros_like(sample.before)) for sample in samples]
    validation = SegmenterValidation(bare, NOISE)
    assert validation.columns == ("right", "background")
    assert set(validation.absent) == {"iou", "building"}
    see: Callable[[TrainingBatch], Tensor] = lambda batch: torch.ones(len(batch), 1, SIDE, SIDE)  # noqa: E731
    assert validation.run(see) == {"right": 0, "background": 0}


def test_nothing_to_validate_on(samples: list[Crop]) -> None:
    with pytest.raises(UsageError, match="it got 6 and 5"):
        SegmenterValidation(samples, NOISE[:5])


def test_a_recipe_says_how_many_crops_are_seen(tiny_recipe: dict[str, Any]) -> None:
    shared = {key: value for key, value in tiny_recipe.items() if key not in ("generator", "discriminator")}
    config = parse_config(shared | {"model": "segmenter", "validation_crops": 5})
    crops = make_samplers(config).shown
    validation = SegmenterValidation.of(config, crops, torch.device("cpu"))
    assert validation.columns == ("iou", "right", "building", "background")
    seen: list[Tensor] = []

    def predict(batch: TrainingBatch) -> Tensor:
        seen.extend(batch.image)
        return torch.stack([1 - batch.before, batch.before], 1).float()

    assert validation.run(predict) == dict.fromkeys(validation.columns, 1.0)
    assert [image.numpy().tolist() for image in seen] == [crops[k].image.tolist() for k in range(5)]
