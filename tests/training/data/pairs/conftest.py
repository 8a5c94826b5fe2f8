"""What is finished on the fly, with a synthesizer that needs no weights."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from changen_cli.training.config.crops import CropOptions
from changen_cli.training.config.pairs import SynthesisOptions
from changen_cli.training.data.crops import CropSampler
from changen_cli.training.data.pairs.batch import PairBatch, stack_pairs
from changen_cli.training.data.pairs.simulated import SimulatedPairs
from changen_cli.training.data.pairs.synthesised import OnTheFly
from changen_cli.training.data.scenes import Drawable


@pytest.fixture
def fly() -> OnTheFly:
    return OnTheFly(SynthesisOptions(synthesizer="copy-paste"), CropOptions(events="create").schedule(), "cpu", "fp32")


@pytest.fixture
def simulated(scenes: list[Drawable], make_sampler: Callable[..., CropSampler]) -> PairBatch:
    """Four pairs that are still to be synthesised, numbered from 0."""
    pairs = SimulatedPairs(make_sampler(scenes, events="create"), 0, 0, "mixed")
    return stack_pairs([pairs[k] for k in range(4)])
