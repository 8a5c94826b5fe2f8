"""One thread for every test of the package; a step, and synthesizers that run small networks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import shapely
import torch

from changen_cli import plugins
from changen_cli.errors import TileError
from changen_cli.events.base import Change
from changen_cli.scenes.layout import Footprint
from changen_cli.synthesis.base import Batch, SynthesizerSettings
from changen_cli.synthesis.engine import Engine, Job
from changen_cli.synthesis.network import NetworkSynthesizer
from changen_cli.types import UInt8Array


@pytest.fixture(scope="session", autouse=True)
def _one_thread(one_thread: None) -> None:
    del one_thread


RunJobs = Callable[[Engine, Iterable[Job[Any]]], list[tuple[Any, UInt8Array]]]


@pytest.fixture(scope="session")
def run_jobs() -> RunJobs:
    """Runs jobs that can all be done: gives their tags and frames, in order."""

    def run(engine: Engine, jobs: Iterable[Job[Any]]) -> list[tuple[Any, UInt8Array]]:
        results = []
        for tag, frames in engine.run(jobs):
            assert not isinstance(frames, TileError), frames
            results.append((tag, frames.images))
        return results

    return run


@pytest.fixture(scope="session")
def removal() -> Callable[..., Batch]:
    """Makes a step of which every sample loses one of two houses: removal(noise_dim)."""

    def make(noise_dim: int, size: tuple[int, int] = (40, 52), samples: int = 3) -> Batch:
        draw = torch.Generator().manual_seed(0)
        image = torch.randint(0, 256, (samples, 3, *size), generator=draw, dtype=torch.uint8)
        before = torch.zeros(samples, *size, dtype=torch.uint8)
        before[:, 5:15, 6:18] = 1
        before[:, 24:34, 20:40] = 1
        after = before.clone()
        after[:, :20] = 0
        noise = torch.randn(samples, noise_dim, generator=draw)
        change = Change("remove", 1, Footprint(1, shapely.box(6, 5, 18, 15)), None)
        return Batch(image, before, after, noise, ((change,),) * samples, 1)

    return make


@pytest.fixture(scope="session")
def make_synthesizer(weights_of: Callable[..., Path]) -> Callable[..., NetworkSynthesizer[Any]]:
    """Makes the synthesizer of a name with the smallest weights of that model."""

    def make(name: str, **settings: Any) -> NetworkSynthesizer[Any]:
        made = plugins.load(plugins.SYNTHESIZERS, name)(SynthesizerSettings(str(weights_of(name)), **settings))
        assert isinstance(made, NetworkSynthesizer)
        return made

    return make
