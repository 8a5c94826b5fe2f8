from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from changen_cli.models.deepfill.holes import removed_ground
from changen_cli.synthesis.base import Batch
from changen_cli.synthesis.network import NetworkSynthesizer

Make = Callable[..., NetworkSynthesizer[Any]]


def test_deepfill_paints_the_hole_and_nothing_else(make_synthesizer: Make, removal: Callable[..., Batch]) -> None:
    synthesizer = make_synthesizer("deepfill")
    step = removal(0)
    made = synthesizer.synthesize(step)
    hole = removed_ground(step.before, step.after).unsqueeze(1).expand_as(made)
    assert torch.equal(made[~hole], step.image[~hole])
    assert (made[hole] != step.image[hole]).float().mean() > 0.9
    hidden = torch.where(hole, 255 - step.image, step.image)
    again = synthesizer.synthesize(Batch(hidden, step.before, step.after, step.noise, step.changes))
    assert torch.equal(again, made)
