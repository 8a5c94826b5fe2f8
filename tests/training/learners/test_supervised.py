from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor, nn

from changen_cli.reports.contact_sheet import Row
from changen_cli.training.config.options import parse_config
from changen_cli.training.data.batch import TrainingBatch
from changen_cli.training.data.crops import Crop, CropSampler
from changen_cli.training.learners.base import StepResult
from changen_cli.training.learners.supervised import SupervisedLearner
from changen_cli.training.validation.base import Validator
from tests.training.tiny import tiny_batch


class Falling(SupervisedLearner):
    """A number that falls; nothing is predicted."""

    columns: ClassVar[tuple[str, ...]] = ("loss",)

    def loss(self, network: nn.Module, batch: TrainingBatch) -> StepResult:
        loss = network(torch.ones(len(batch), 1)).mean()
        return StepResult(loss, {"loss": loss.detach()})

    def predict(self, batch: TrainingBatch) -> Tensor:
        raise NotImplementedError

    def show(self, samples: Sequence[Crop], noise: Tensor) -> list[Row]:
        raise NotImplementedError

    def validator(self, crops: CropSampler) -> Validator[TrainingBatch]:
        raise NotImplementedError


@pytest.mark.parametrize("most", [0, 1])
def test_one_step_of_adam_down_the_mean_loss(most: int, recipe: Callable[..., dict[str, Any]]) -> None:
    config = parse_config(recipe("segmenter", lr_generator=0.25, betas=[0.0, 0.9]))
    network = nn.Linear(1, 1, bias=False)
    nn.init.ones_(network.weight)
    learner = Falling(config, torch.float32, network)
    scalars = learner.step(*tiny_batch(0).parts(most))
    # the first step of Adam is as long as the rate
    assert float(network.weight) == pytest.approx(0.75, rel=1e-5)
    assert {name: float(value) for name, value in scalars.items()} == {"loss": 1.0}
    assert (learner.networks, len(learner.optimizers)) == ((network,), 1)
