from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from shapely.geometry import box
from torch import Tensor

from changen_cli.conditions.choose import make_conditions
from changen_cli.errors import PluginError, TileError, UsageError
from changen_cli.events.base import Change
from changen_cli.scenes.layout import Footprint
from changen_cli.synthesis.base import Batch, Synthesizer
from changen_cli.synthesis.engine import Engine, Job, choose_batch_size
from changen_cli.synthesis.transfer import HostTransfer, Transfer
from changen_cli.types import UInt8Array

RunJobs = Callable[[Engine, Iterable[Job[Any]]], list[tuple[Any, UInt8Array]]]

SIZE, STEPS = 40, 3


def make_job(number: int, steps: int = STEPS, largest: int = 1, valid: bool = True) -> Job[str]:
    draw = np.random.default_rng(number)
    masks = np.zeros((steps + 1, SIZE, SIZE), np.uint8)
    changes = []
    for step in range(1, steps + 1):
        masks[step] = masks[step - 1]
        masks[step, 4 * step : 4 * step + 3, 5:9] = largest
        new = Footprint(step, box(5, 4 * step, 9, 4 * step + 3), largest)
        changes.append((Change("create", step, None, new),))
    known = np.ones((SIZE, SIZE), bool)
    image = draw.integers(1, 200, (3, SIZE, SIZE)).astype(np.uint8)
    if not valid:
        known[:, 30:] = False
        image = image * known
    noise = draw.standard_normal((steps, 2)).astype(np.float32)
    return Job(f"job {number}", image, known, masks, tuple(changes), noise)


class Adder:
    """Adds 1, and 20 where S_t+1 has what S_t has not; fails like a device with memory for so many samples."""

    name: ClassVar[str] = "adder"
    noise_dim = 2

    def __init__(self, memory: int = 1000) -> None:
        self.memory = memory
        self.batches: list[Batch] = []
        self.refused = 0

    def synthesize(self, batch: Batch) -> Tensor:
        if len(batch.image) > self.memory:
            self.refused += 1
            raise torch.OutOfMemoryError("CUDA out of memory")
        self.batches.append(batch)
        created = (batch.after > batch.before).unsqueeze(1)
        return batch.image + 1 + 20 * created.to(torch.uint8)

    def as_manifest(self) -> dict[str, Any]:
        return {}


class Lagging(HostTransfer):
    """Collects one batch after the next was launched, as with streams."""

    depth = 1


def expected(job: Job[str]) -> np.ndarray:
    frames = [job.image]
    for before, after in zip(job.masks[:-1], job.masks[1:], strict=True):
        frames.append((frames[-1] + 1 + 20 * ((after > 0) & (before == 0))).astype(np.uint8) * job.valid)
    return np.stack(frames)


@pytest.fixture(params=[HostTransfer, Lagging], ids=["depth 0", "depth 1"])
def transfer(request: pytest.FixtureRequest) -> Transfer:
    made: Transfer = request.param()
    return made


@pytest.mark.parametrize("batch_size", [1, 2, 3, 7, 64])
def test_frames_and_order_do_not_depend_on_the_batch_size(
    transfer: Transfer, batch_size: int, run_jobs: RunJobs
) -> None:
    jobs = [make_job(n) for n in range(7)]
    done = run_jobs(Engine(Adder(), transfer, batch_size), iter(jobs))
    assert [tag for tag, _ in done] == [job.tag for job in jobs]
    for job, (_, frames) in zip(jobs, done, strict=True):
        assert frames.dtype == np.uint8
        assert np.array_equal(frames, expected(job))


def test_each_step_goes_on_from_the_synthesised_image(transfer: Transfer, run_jobs: RunJobs) -> None:
    adder = Adder()
    job = make_job(1)
    ((_, frames),) = run_jobs(Engine(adder, transfer, 4), [job])
    for step, batch in enumerate(adder.batches):
        assert np.array_equal(batch.image[0].numpy(), frames[step])
        assert np.array_equal(batch.before[0].numpy(), job.masks[step])
        assert np.array_equal(batch.after[0].numpy(), job.masks[step + 1])
        assert np.array_equal(batch.noise[0].numpy(), job.noise[step])
        assert batch.changes == (job.changes[step],)
        assert batch.largest_class == 1


def test_the_largest_class_of_the_batch_is_told() -> None:
    adder = Adder()
    list(Engine(adder, HostTransfer(), 2).run([make_job(0), make_job(1, largest=7), make_job(2)]))
    assert [batch.largest_class for batch in adder.batches] == [7] * STEPS + [1] * STEPS


def test_pixels_that_are_not_valid_stay_zero_next_to_samples_that_are_whole(run_jobs: RunJobs) -> None:
    jobs = [make_job(0, valid=False), make_job(1)]
    done = run_jobs(Engine(Adder(), HostTransfer(), 2), jobs)
    assert (done[0][1][:, :, :, 30:] == 0).all()
    for job, (_, frames) in zip(jobs, done, strict=True):
        assert np.array_equal(frames, expected(job))


def test_kept_background_is_kept_over_the_whole_chain(run_jobs: RunJobs) -> None:
    job = make_job(0)
    ((_, frames),) = run_jobs(Engine(Adder(), HostTransfer(), 1, "keep"), [job])
    assert np.array_equal(frames[:, :, :, 30:], np.broadcast_to(job.image[:, :, 30:], frames[:, :, :, 30:].shape))
    changed = (job.masks[1] != job.masks[0])[None]
    assert np.array_equal(frames[1] * changed, (job.image + 21) * changed)


def test_jobs_are_pulled_as_they_are_needed(transfer: Transfer) -> None:
    pulled = 0

    def source() -> Iterator[Job[str]]:
        nonlocal pulled
        for n in range(20):
            pulled += 1
            yield make_job(n, steps=1)

    for done, _ in enumerate(Engine(Adder(), transfer, 3).run(source())):
        assert pulled <= done // 3 * 3 + 3 * (1 + transfer.depth)
    assert pulled == 20


def test_nothing_to_do(transfer: Transfer) -> None:
    assert list(Engine(Adder(), transfer, 3).run([])) == []


@pytest.mark.parametrize(("memory", "settled"), [(3, 2), (1, 1), (4, 4)])
def test_too_little_memory_halves_the_batch_for_good(
    transfer: Transfer, memory: int, settled: int, run_jobs: RunJobs
) -> None:
    jobs = [make_job(n) for n in range(19)]
    adder = Adder(memory)
    engine = Engine(adder, transfer, 8)
    done = run_jobs(engine, jobs)
    assert [tag for tag, _ in done] == [job.tag for job in jobs]
    assert all(np.array_equal(frames, expected(job)) for job, (_, frames) in zip(jobs, done, strict=True))
    assert engine.batch_size == settled
    refused = adder.refused
    run_jobs(engine, jobs)
    assert adder.refused == refused  # it has learnt


def test_too_little_memory_for_one_sample_is_said_with_the_remedy() -> None:
    with pytest.raises(UsageError, match=r"not the memory for one tile of 40 x 40 pixels.*--tile-size"):
        list(Engine(Adder(0), HostTransfer(), 4).run([make_job(0), make_job(1)]))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda image: image.float(), r"torch.float32 \[2, 3, 40, 40\].*must return torch.uint8 \[2, 3, 40, 40\]"),
        (lambda image: image[:, :, :32], r"torch.uint8 \[2, 3, 32, 40\]"),
        (lambda image: image[:1], r"\[1, 3, 40, 40\]"),
        (lambda image: image.permute(0, 2, 3, 1), r"\[2, 40, 40, 3\]"),
        (lambda image: image.to("meta"), "on meta; it must return .* on cpu"),
        (lambda image: image.numpy(), "returned ndarray; it must return a tensor"),
        (lambda image: None, "returned NoneType"),
    ],
    ids=["dtype", "size", "samples", "order", "device", "array", "nothing"],
)
def test_a_plugin_that_returns_something_else_is_named(wrong: Any, message: str) -> None:
    class Wrong(Adder):
        name: ClassVar[str] = "wrong"

        def synthesize(self, batch: Batch) -> Tensor:
            result: Tensor = wrong(batch.image)
            return result

    with pytest.raises(PluginError, match=f"synthesizer 'wrong' .*{message}"):
        list(Engine(Wrong(), HostTransfer(), 2).run([make_job(0), make_job(1)]))


def test_the_fake_is_a_synthesizer() -> None:
    assert isinstance(Adder(), Synthesizer)


@pytest.mark.parametrize(
    ("wanted", "device", "expected_size"),
    [("auto", "cpu", 1), ("auto", "cuda:1", 64), ("auto", "mps", 64), (5, "cpu", 5), ("7", "cuda", 7)],
)
def test_batch_sizes(wanted: str | int, device: str, expected_size: int) -> None:
    assert choose_batch_size(wanted, device) == expected_size


@pytest.mark.parametrize("batch_size", [1, 2, 5, 8])
def test_a_tile_that_the_synthesizer_cannot_do_stops_no_other(transfer: Transfer, batch_size: int) -> None:
    class Picky(Adder):
        def synthesize(self, batch: Batch) -> Tensor:
            if batch.largest_class == 7:
                raise TileError("nothing to copy from")
            return super().synthesize(batch)

    jobs = [make_job(n, largest=7 if n in (2, 5) else 1) for n in range(8)]
    done = list(Engine(Picky(), transfer, batch_size).run(jobs))
    assert [tag for tag, _ in done] == [job.tag for job in jobs]
    for n, (job, (_, result)) in enumerate(zip(jobs, done, strict=True)):
        if n in (2, 5):
            assert isinstance(result, TileError)
        else:
            assert not isinstance(result, TileError)
            assert np.array_equal(result.images, expected(job))


def test_a_change_that_the_synthesizer_cannot_show_stops_the_run(transfer: Transfer) -> None:
    class Remover(Adder):
        shows = frozenset({"remove"})

    with pytest.raises(UsageError, match="adder: shows only removed objects, but the event 'create' changed one"):
        list(Engine(Remover(), transfer, 2).run([make_job(1)]))


@pytest.mark.parametrize("valid", [True, False])
def test_conditions_are_seen_and_not_built_upon(valid: bool) -> None:
    """I_0 too is under conditions, and every step goes on from the image without them."""
    jobs = [replace(make_job(n, valid=valid), key=(0, "scene", n)) for n in range(5)]
    conditions = make_conditions("light,haze,registration")
    plain = dict(Engine(Adder(), HostTransfer(), 2).run(jobs))
    synthesizer = Adder()
    seen = dict(Engine(synthesizer, HostTransfer(), 2, conditions=conditions).run(jobs))
    again = dict(Engine(Adder(), HostTransfer(), 5, conditions=conditions).run(jobs))
    fed = np.concatenate([batch.image.numpy() for batch in synthesizer.batches])
    for job in jobs:
        frames, other = seen[job.tag], plain[job.tag]
        assert not isinstance(frames, TileError)
        assert not isinstance(other, TileError)
        assert frames.images.shape == other.images.shape
        assert frames.images.dtype == np.uint8
        assert all((one != two).any() for one, two in zip(frames.images, other.images, strict=True))
        assert not frames.images[..., ~job.valid].any()
        assert [list(record) for record in frames.conditions] == [["light", "haze", "registration"]] * (STEPS + 1)
        assert other.conditions == ()
        for state in other.images[:-1]:
            assert any((image == state).all() for image in fed), "synthesised from the state itself"
        repeated = again[job.tag]
        assert not isinstance(repeated, TileError)
        assert (repeated.images == frames.images).all()
        assert repeated.conditions == frames.conditions
