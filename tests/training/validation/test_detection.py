from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from changen_cli.errors import TrainingError
from changen_cli.training.config.detection import DetectionConfig
from changen_cli.training.config.run import parse
from changen_cli.training.data.discover import LIMITS
from changen_cli.training.data.pairs.batch import PairBatch
from changen_cli.training.data.pairs.sources import PairBatches, make_sources
from changen_cli.training.validation.detection import DetectorValidation, hold_pairs, on_device
from tests.reporting import Heard

CPU = torch.device("cpu")


def shown(recipe: dict[str, Any]) -> PairBatches:
    return make_sources(parse(DetectionConfig, recipe, "recipe"), LIMITS, "cpu", Heard()).shown


def perfect(batch: PairBatch) -> Tensor:
    return (batch.change.float() * 40 - 20).unsqueeze(1)


def test_who_finds_all_change_has_all_scores(fly_recipe: dict[str, Any]) -> None:
    held = hold_pairs(shown(fly_recipe), 10, CPU)
    assert [len(batch) for batch in held] == [8, 2]
    assert [batch.first for batch in held] == [0, 8]
    validation = DetectorValidation(held)
    found = validation.run(perfect)
    assert set(found) == set(validation.columns)
    assert all(value == pytest.approx(1) for value in found.values())
    nothing = validation.run(lambda batch: -perfect(batch).abs())
    assert (nothing["change_f1"], nothing["change_recall"]) == (0, 0)
    with pytest.raises(TrainingError, match="held-out pairs 0 to 7 is not finite"):
        validation.run(lambda batch: perfect(batch) * float("nan"))


def test_stored_pairs_are_seen_once_each(detection_recipe: dict[str, Any]) -> None:
    held = hold_pairs(shown(detection_recipe), 64, CPU)
    assert sum(map(len, held)) == 1


def test_the_pixels_are_those_that_were_held(fly_recipe: dict[str, Any]) -> None:
    held = hold_pairs(shown(fly_recipe), 4, CPU)
    (first,), (again,) = list(on_device(held, CPU)), list(on_device(hold_pairs(shown(fly_recipe), 4, CPU), CPU))
    assert first.pixels is not None
    assert again.pixels is not None
    assert torch.equal(first.pixels, again.pixels)
    assert first.pixels.shape == (4, 2, 3, 64, 64)
