from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor

from changen_cli.errors import TrainingError, UsageError
from changen_cli.training.data.crops import CropSampler
from changen_cli.training.data.loader import batches, share_of
from changen_cli.training.data.scenes import Drawable

MakeSampler = Callable[..., CropSampler]

two = partial(batches, batch_size=2, noise_dim=16)


def same(first: Sequence[dict[str, Tensor]], second: Sequence[dict[str, Tensor]]) -> bool:
    return len(first) == len(second) and all(
        a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a) for a, b in zip(first, second, strict=True)
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


def test_batches(scenes: list[Drawable], make_sampler: MakeSampler) -> None:
    (batch,) = two(make_sampler(scenes), 0, 1)
    assert batch["image"].shape == (2, 3, 64, 64)
    assert batch["image"].dtype == batch["before"].dtype == batch["after"].dtype == torch.uint8
    assert batch["before"].shape == batch["after"].shape == (2, 64, 64)
    assert batch["noise"].shape == (2, 16)
    assert batch["noise"].dtype == torch.float32
    assert not torch.equal(batch["noise"][0], batch["noise"][1])
    assert not torch.equal(batch["image"][0], batch["image"][1])


def test_a_batch_is_shared_evenly() -> None:
    assert [list(share_of(6, rank, 3)) for rank in range(3)] == [[0, 1], [2, 3], [4, 5]]
    with pytest.raises(UsageError, match="batch_size 7: cannot be shared evenly by 2 processes"):
        share_of(7, 0, 2)


def test_a_killed_worker_is_one_clear_error(scenes: list[Drawable], make_sampler: MakeSampler) -> None:
    stream: Iterator[Any] = two(make_sampler(scenes), 0, 1000, workers=1)
    next(stream)
    for child in multiprocessing.active_children():
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
    with pytest.raises(TrainingError, match=r"a process that prepares crops died.*goes on from its last checkpoint"):
        list(stream)
