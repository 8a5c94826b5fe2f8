from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import pytest
import torch

from changen_cli.errors import TrainingError, UsageError
from changen_cli.training.data.batch import TrainingBatch
from changen_cli.training.data.crops import CropSampler
from changen_cli.training.data.loader import batches, choose_workers, share_of
from changen_cli.training.data.samplers import CropBatches
from changen_cli.training.data.scenes import Drawable

MakeSampler = Callable[..., CropSampler]


def two(sampler: CropSampler, first: int, last: int, **options: Any) -> Iterator[TrainingBatch]:
    return batches(CropBatches(sampler, 16), first, last, batch_size=2, **options)


def same(first: Sequence[TrainingBatch], second: Sequence[TrainingBatch]) -> bool:
    names = ("image", "before", "after", "noise", "valid", "instances")
    return len(first) == len(second) and all(
        a.first == b.first and all(torch.equal(getattr(a, name), getattr(b, name)) for name in names)
        for a, b in zip(first, second, strict=True)
    )


def test_workers_and_resuming_change_nothing(scenes: list[Drawable], make_sampler: MakeSampler) -> None:
    sampler = make_sampler(scenes)
    plain = list(two(sampler, 0, 5))
    for workers in (1, 2):
        assert same(list(two(sampler, 0, 5, workers=workers)), plain)
    assert same(list(two(sampler, 3, 5)), plain[3:])
    assert same(list(two(sampler, 3, 5, workers=2)), plain[3:])
    assert list(two(sampler, 5, 5)) == []
    assert not same(plain[:1], plain[1:2])


def test_batches_are_numbered_and_noise_is_drawn_for_each_sample(
    scenes: list[Drawable], make_sampler: MakeSampler
) -> None:
    first, second = two(make_sampler(scenes), 3, 5)
    assert (first.first, second.first) == (6, 8)
    assert first.noise.shape == (2, 16)
    assert first.noise.dtype == torch.float32
    assert len({tuple(z.tolist()) for batch in (first, second) for z in batch.noise}) == 4
    assert not torch.equal(first.image[0], first.image[1])


def test_shares_are_the_batch(scenes: list[Drawable], make_sampler: MakeSampler) -> None:
    """Same crops, same noise, same numbers, whoever draws them."""
    sampler = make_sampler(scenes)
    six = partial(batches, CropBatches(sampler, 16), 3, 4, batch_size=6)
    (whole,) = six()
    for rank in range(2):
        (share,) = six(mine=share_of(6, rank, 2))
        assert same([share], [whole.parts(3)[rank]])


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_batches_come_in_pinned_memory(scenes: list[Drawable], make_sampler: MakeSampler) -> None:
    (batch,) = two(make_sampler(scenes), 0, 1, workers=1, pin=True)
    assert batch.image.is_pinned()
    assert batch.instances.is_pinned()


def test_a_batch_is_shared_evenly() -> None:
    assert [list(share_of(6, rank, 3)) for rank in range(3)] == [[0, 1], [2, 3], [4, 5]]
    with pytest.raises(UsageError, match="batch_size 7: cannot be shared evenly by 2 processes"):
        share_of(7, 0, 2)


def test_as_many_workers_as_cores_to_spare_read_streamed_scenes() -> None:
    found = [choose_workers(None, processes, streamed=True, available=16) for processes in (1, 4, 16)]
    assert found == [8, 3, 1]
    assert choose_workers(None, 1, streamed=False) == 1
    assert [choose_workers(asked, 1, streamed=True) for asked in (0, 5)] == [0, 5]


def test_a_killed_worker_is_one_clear_error(scenes: list[Drawable], make_sampler: MakeSampler) -> None:
    stream: Iterator[Any] = two(make_sampler(scenes), 0, 1000, workers=1)
    next(stream)
    ours = signal.getsignal(signal.SIGCHLD)
    assert "torch" not in getattr(ours, "__module__", "")  # or it would raise in the midst of whatever goes on here
    for child in multiprocessing.active_children():
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
    with pytest.raises(TrainingError, match=r"a process that prepares crops died.*goes on from its last checkpoint"):
        list(stream)
