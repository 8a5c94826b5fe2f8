from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
import torch

from changen_cli import plugins
from changen_cli.errors import TileError, WeightsError
from changen_cli.events.base import Change
from changen_cli.scenes.layout import Footprint, Layout
from changen_cli.synthesis.base import Batch, Synthesizer, SynthesizerSettings
from changen_cli.synthesis.engine import Engine, Frames, Job
from changen_cli.synthesis.network import NetworkSynthesizer
from changen_cli.synthesis.transfer import HostTransfer
from changen_cli.types import UInt8Array
from changen_cli.weights.card import file_sha256

RunJobs = Callable[[Engine, Iterable[Job[Any]]], list[tuple[Any, UInt8Array]]]

Make = Callable[..., NetworkSynthesizer[Any]]


COMPARED = ("oasis", "spade", "deepfill")


@pytest.mark.parametrize("name", COMPARED)
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_batches_in_images_out(
    name: str, precision: str, make_synthesizer: Make, weights_of: Callable[..., Path], removal: Callable[..., Batch]
) -> None:
    synthesizer = make_synthesizer(name, precision=precision)
    assert isinstance(synthesizer, Synthesizer)
    assert synthesizer.name == name
    assert synthesizer.noise_dim == {"oasis": 6, "spade": 7, "deepfill": 0}[name]
    step = removal(synthesizer.noise_dim)
    made = synthesizer.synthesize(step)
    assert made.shape == step.image.shape
    assert made.dtype == torch.uint8
    assert made.float().std() > 0
    assert synthesizer.as_manifest() == {
        "name": name,
        "weights": name,
        "sha256": file_sha256(weights_of(name)),
        "licence": "CC0-1.0",
        "attribution": "nobody",
    }


@pytest.mark.parametrize("name", COMPARED)
def test_a_sample_is_the_same_bytes_in_any_batch(
    name: str, make_synthesizer: Make, removal: Callable[..., Batch]
) -> None:
    synthesizer = make_synthesizer(name)
    step = removal(synthesizer.noise_dim)
    together = synthesizer.synthesize(step)
    for n, part in enumerate(step.parts(1)):
        assert torch.equal(synthesizer.synthesize(part)[0], together[n])


@pytest.mark.parametrize("name", COMPARED)
def test_without_weights_it_says_how_to_train_them(
    name: str, weights_of: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    factory = plugins.load(plugins.SYNTHESIZERS, name)
    monkeypatch.setenv("CHANGEN_WEIGHTS", str(tmp_path))
    with pytest.raises(WeightsError, match=rf"no weights named '{name}'.*changen train --model {name}, pack them"):
        factory(SynthesizerSettings())
    monkeypatch.setenv("CHANGEN_WEIGHTS", str(weights_of(name).parent))
    assert factory(SynthesizerSettings()).card.name == name


@pytest.mark.parametrize("name", COMPARED)
def test_weights_of_another_architecture_are_refused(name: str, weights_of: Callable[..., Path]) -> None:
    message = rf"weights of 'changen', not of '{name}'; name others, or make some with: changen train --model {name}"
    with pytest.raises(WeightsError, match=message):
        plugins.load(plugins.SYNTHESIZERS, name)(SynthesizerSettings(str(weights_of("changen"))))


@pytest.mark.parametrize("name", COMPARED)
def test_end_to_end_through_the_engine(name: str, make_synthesizer: Make, run_jobs: RunJobs) -> None:
    synthesizer = make_synthesizer(name)
    house, shed = Footprint(1, shapely.box(5, 5, 20, 15)), Footprint(2, shapely.box(25, 20, 34, 33))
    town = Layout(40, 52, (house, shed))
    masks = np.stack([x.rasterize()[0] for x in (town, town.without({1}), town.without({1, 2}))])
    changes = ((Change("remove", 1, house, None),), (Change("remove", 2, shed, None),))
    draw = np.random.default_rng(0)
    valid = np.ones((40, 52), bool)
    jobs = [
        Job(
            n,
            draw.integers(0, 256, (3, 40, 52), np.uint8),
            valid,
            masks,
            changes,
            draw.standard_normal((2, synthesizer.noise_dim), np.float32),
        )
        for n in range(3)
    ]
    results = dict(run_jobs(Engine(synthesizer, HostTransfer(), 2), jobs))
    for job in jobs:
        frames = results[job.tag]
        assert frames.shape == (3, 3, 40, 52)
        assert (frames[0] == job.image).all()
        assert (frames[1] != frames[0]).any()
        assert (frames[2] != frames[1]).any()
    single = dict(run_jobs(Engine(synthesizer, HostTransfer(), 1), jobs))
    assert all(np.array_equal(single[n], results[n]) for n in range(3))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_pixels_that_are_no_numbers_are_an_error_that_names_tile_and_weights(
    make_synthesizer: Make, monkeypatch: pytest.MonkeyPatch, value: float
) -> None:
    """One of three samples goes wrong, at its second step; the others are what they are without it."""
    synthesizer = make_synthesizer("oasis")
    draw = np.random.default_rng(0)
    mask = np.zeros((3, 40, 52), np.uint8)
    images = [draw.integers(1, 250, (3, 40, 52), np.uint8) for _ in range(3)]
    noise = draw.standard_normal((2, synthesizer.noise_dim), np.float32)
    jobs = [
        Job(n, image, np.ones((40, 52), bool), mask, ((), ()), noise, name=f"town__r{n}")
        for n, image in enumerate(images)
    ]
    engine = Engine(synthesizer, HostTransfer(), 3)
    whole = dict(engine.run(jobs))
    real = synthesizer._run
    calls: list[int] = []

    def broken(batch: Batch) -> torch.Tensor:
        calls.append(len(calls))
        made = real(batch)
        if calls[-1] == 4:  # on a CPU one sample a call: this is the second sample's second step
            made = made.clone()
            made[0, 1, 7, 9] = value
        return made

    monkeypatch.setattr(synthesizer, "_run", broken)
    found = dict(engine.run(jobs))
    error = found[1]
    assert isinstance(error, TileError)
    assert str(error) == (
        "town__r1: the weights 'oasis' made pixels of it that are no numbers (NaN or infinite), so there is no image; "
        "use other weights (--weights)"
    )
    for n in (0, 2):
        one, two = found[n], whole[n]
        assert isinstance(one, Frames)
        assert isinstance(two, Frames)
        np.testing.assert_array_equal(one.images, two.images)


def test_what_to_do_where_the_precision_is_low(make_synthesizer: Make) -> None:
    said = make_synthesizer("oasis", precision="bf16").say_not_finite("t")
    assert said.endswith("use other weights (--weights), or --precision fp32")
