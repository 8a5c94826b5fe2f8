from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from changen_cli.errors import UsageError
from changen_cli.synthesis.base import Batch
from changen_cli.synthesis.network import NetworkSynthesizer

Make = Callable[..., NetworkSynthesizer[Any]]


@pytest.mark.parametrize("name", ["oasis", "spade"])
def test_the_image_before_does_not_count_and_the_layout_and_noise_do(
    name: str, make_synthesizer: Make, removal: Callable[..., Batch]
) -> None:
    synthesizer = make_synthesizer(name)
    step = removal(synthesizer.noise_dim)
    made = synthesizer.synthesize(step)
    assert torch.equal(made, synthesizer.synthesize(Batch(255 - step.image, 1 - step.before, step.after, step.noise)))
    assert not torch.equal(made, synthesizer.synthesize(Batch(step.image, step.before, 1 - step.after, step.noise)))
    assert not torch.equal(made, synthesizer.synthesize(Batch(step.image, step.before, step.after, -step.noise)))


@pytest.mark.parametrize("name", ["oasis", "spade"])
def test_unknown_classes_are_refused(name: str, make_synthesizer: Make, removal: Callable[..., Batch]) -> None:
    synthesizer = make_synthesizer(name)
    step = removal(synthesizer.noise_dim)
    with pytest.raises(UsageError, match="class 4, but the weights"):
        synthesizer.synthesize(Batch(step.image, step.before, 4 * step.after, step.noise))
