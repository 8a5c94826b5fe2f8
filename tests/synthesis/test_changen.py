from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
import torch
from torch import Tensor

from changen_cli import plugins
from changen_cli.errors import UsageError, WeightsError
from changen_cli.events.base import Change
from changen_cli.scenes.layout import Footprint
from changen_cli.synthesis.base import Batch, Synthesizer, SynthesizerSettings
from changen_cli.synthesis.changen import ChangenSynthesizer
from changen_cli.synthesis.engine import Engine, Job
from changen_cli.synthesis.transfer import HostTransfer, make_transfer
from changen_cli.types import UInt8Array
from changen_cli.weights.load import load_generator

RunJobs = Callable[[Engine, Iterable[Job[Any]]], list[tuple[Any, UInt8Array]]]


@pytest.fixture(scope="module")
def synthesizer(tiny_weights: Path) -> ChangenSynthesizer:
    return ChangenSynthesizer(SynthesizerSettings(weights=str(tiny_weights)))


def make_jobs(count: int, size: tuple[int, int] = (48, 64), largest: int = 1) -> list[Job[int]]:
    jobs = []
    for n in range(count):
        draw = np.random.default_rng(n)
        masks = np.zeros((3, *size), np.uint8)
        masks[0, 4:14, 4:14] = masks[1:, 20:30, 30:45] = largest
        image = draw.integers(0, 256, (3, *size)).astype(np.uint8)
        noise = draw.standard_normal((2, 16)).astype(np.float32)
        jobs.append(Job(n, image, np.ones(size, bool), masks, ((), ()), noise))
    return jobs


def make_batch(job: Job[int], **changes: Any) -> Batch:
    image, masks = torch.from_numpy(job.image)[None], torch.from_numpy(job.masks)[:, None]
    return replace(Batch(image, masks[0], masks[1], torch.from_numpy(job.noise[:1])), **changes)


def test_bytes_on_the_cpu_do_not_depend_on_the_batch(synthesizer: ChangenSynthesizer, run_jobs: RunJobs) -> None:
    jobs = make_jobs(5)
    alone = [next(iter(run_jobs(Engine(synthesizer, HostTransfer(), 1), [job])))[1] for job in jobs]
    for size in (2, 5):
        for (_, frames), single in zip(run_jobs(Engine(synthesizer, HostTransfer(), size), jobs), alone, strict=True):
            assert np.array_equal(frames, single)
    assert not np.array_equal(alone[0], alone[1])


def test_it_is_the_generator_of_the_weights(synthesizer: ChangenSynthesizer, tiny_weights: Path) -> None:
    """In the right order of arguments, and bytes rounded, not cut off."""
    generator, _ = load_generator(str(tiny_weights))
    (job,) = make_jobs(1)
    batch = make_batch(job)
    with torch.inference_mode():
        image = batch.image.float() / 127.5 - 1
        made = generator(image, batch.before, batch.after, batch.noise)
        swapped = generator(image, batch.after, batch.before, batch.noise)
    pixels = synthesizer.synthesize(batch)
    assert pixels.dtype == torch.uint8
    assert (pixels.float() - (made + 1) * 127.5).abs().max() <= 0.51
    assert (pixels.float() - (swapped + 1) * 127.5).abs().max() > 0.51


@pytest.mark.parametrize("size", [(16, 16), (17, 33), (100, 64)])
def test_any_size_from_16_pixels_up(synthesizer: ChangenSynthesizer, size: tuple[int, int]) -> None:
    draw = np.random.default_rng(0)
    masks = np.zeros((2, 1, *size), np.uint8)
    masks[1, 0, 3:9, 3:9] = 1
    before, after = torch.from_numpy(masks)
    image = torch.from_numpy(draw.integers(0, 256, (1, 3, *size)).astype(np.uint8))
    assert synthesizer.synthesize(Batch(image, before, after, torch.zeros(1, 16))).shape == (1, 3, *size)


def test_the_input_is_left_alone(synthesizer: ChangenSynthesizer) -> None:
    (job,) = make_jobs(1)
    batch = make_batch(job)
    before = batch.image.clone()
    synthesizer.synthesize(batch)
    assert torch.equal(batch.image, before)


def test_bfloat16_gives_nearly_the_same_bytes(synthesizer: ChangenSynthesizer, tiny_weights: Path) -> None:
    other = ChangenSynthesizer(SynthesizerSettings(weights=str(tiny_weights), precision="bf16"))
    (job,) = make_jobs(1)
    exact, rounded = (s.synthesize(make_batch(job)).float() for s in (synthesizer, other))
    assert (exact - rounded).abs().mean() < 2
    assert not torch.equal(exact, rounded)


def test_noise_reaches_the_generator(synthesizer: ChangenSynthesizer) -> None:
    (job,) = make_jobs(1)
    batch = make_batch(job)
    made = synthesizer.synthesize(batch)
    assert not torch.equal(synthesizer.synthesize(replace(batch, noise=-batch.noise)), made)
    assert synthesizer.noise_dim == 16


LAKE = Footprint(1, shapely.box(4, 4, 14, 14), 3)


@pytest.mark.parametrize("told", [True, False], ids=["told by the engine", "seen in the masks"])
@pytest.mark.parametrize("change", [Change("dry", 1, LAKE, None), Change("flood", 1, None, LAKE), None])
def test_a_change_of_a_class_that_the_generator_was_not_trained_for_is_refused(
    synthesizer: ChangenSynthesizer, told: bool, change: Change | None
) -> None:
    (job,) = make_jobs(1, largest=3)
    changes: tuple[tuple[Change, ...], ...] = () if change is None else ((change,),)
    message = "class 3, but the weights 'tiny' know class 1 alone: .*generator: classes.*--synthesizer copy-paste"
    with pytest.raises(UsageError, match=message):
        synthesizer.synthesize(make_batch(job, changes=changes, **({"largest_class": 3} if told else {})))
    if change is not None:
        with pytest.raises(UsageError, match=message):
            list(Engine(synthesizer, HostTransfer(), 1).run([replace(job, changes=((change,), ()))]))


def test_objects_of_an_unknown_class_that_stay_are_ground(synthesizer: ChangenSynthesizer) -> None:
    (job,) = make_jobs(1)
    batch = make_batch(job)
    house = Footprint(2, shapely.box(30, 20, 45, 30))
    with_lake = batch.before.clone(), batch.after.clone()
    for mask in with_lake:
        mask[:, 36:46, 2:60] = 3
    step = replace(batch, before=with_lake[0], after=with_lake[1], changes=((Change("create", 1, None, house),),))
    made = synthesizer.synthesize(step)
    assert torch.equal(made, synthesizer.synthesize(batch))
    assert step.after.max() == 3  # the labels are left alone


def test_what_the_manifest_says(synthesizer: ChangenSynthesizer) -> None:
    assert synthesizer.as_manifest() == {
        "name": "changen",
        "weights": "tiny",
        "sha256": synthesizer.card.sha256,
        "licence": "CC0-1.0",
        "attribution": synthesizer.card.attribution,
    }


def test_it_is_installed_by_name(tiny_weights: Path) -> None:
    made = plugins.load(plugins.SYNTHESIZERS, "changen")(SynthesizerSettings(weights=str(tiny_weights)))
    assert isinstance(made, Synthesizer)
    with pytest.raises(WeightsError, match="no weights named 'nothing'"):
        ChangenSynthesizer(SynthesizerSettings(weights="nothing"))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_cuda_gives_nearly_the_same_bytes(
    synthesizer: ChangenSynthesizer, tiny_weights: Path, precision: str, run_jobs: RunJobs
) -> None:
    other = ChangenSynthesizer(SynthesizerSettings(weights=str(tiny_weights), device="cuda", precision=precision))
    jobs = make_jobs(5)
    for job, (_, frames) in zip(jobs, run_jobs(Engine(other, make_transfer("cuda"), 2), jobs), strict=True):
        ((_, expected),) = run_jobs(Engine(synthesizer, HostTransfer(), 1), [job])
        difference: Tensor = torch.from_numpy(frames.astype(float) - expected)
        assert difference.abs().mean() < (0.6 if precision == "fp32" else 3)
