from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import fields

import numpy as np
import pytest
import torch
from torch import Tensor

from changen_cli.training.data.batch import TrainingBatch, make_batch, with_counts
from changen_cli.training.data.crops import CropSampler
from changen_cli.training.data.scenes import Drawable

MakeSampler = Callable[..., CropSampler]


@pytest.fixture
def batch(scenes: list[Drawable], make_sampler: MakeSampler) -> TrainingBatch:
    """Five crops, the first of them number 10 of the run."""
    sampler = make_sampler(scenes)
    return make_batch([sampler[k] for k in range(5)], torch.arange(10.0).view(5, 2), first=10)


def tensors(batch: TrainingBatch) -> dict[str, Tensor]:
    found = {field.name: getattr(batch, field.name) for field in fields(batch)}
    return {name: value for name, value in found.items() if isinstance(value, Tensor)}


def test_a_batch_is_its_crops(batch: TrainingBatch, scenes: list[Drawable], make_sampler: MakeSampler) -> None:
    assert {name: (tuple(t.shape), t.dtype) for name, t in tensors(batch).items()} == {
        "image": ((5, 3, 64, 64), torch.uint8),
        "before": ((5, 64, 64), torch.uint8),
        "after": ((5, 64, 64), torch.uint8),
        "noise": ((5, 2), torch.float32),
        "valid": ((5, 64, 64), torch.bool),
        "instances": ((5, 2, 64, 64), torch.int32),
    }
    crop = make_sampler(scenes)[3]
    for name in ("image", "before", "after", "valid", "instances"):
        assert np.array_equal(getattr(batch, name)[3].numpy(), getattr(crop, name))
    assert (len(batch), batch.first, batch.counts) == (5, 10, None)


def test_networks_see_bytes_from_minus_one_to_one(batch: TrainingBatch) -> None:
    assert batch.pixels.dtype == torch.float32
    assert batch.pixels.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(((batch.pixels + 1) * 127.5).round().to(torch.uint8), batch.image)
    assert batch.pixels.min() >= -1
    assert batch.pixels.max() <= 1


def test_parts_follow_each_other_and_keep_their_numbers(batch: TrainingBatch) -> None:
    parts = batch.parts(2)
    assert [len(part) for part in parts] == [2, 2, 1]
    assert [part.first for part in parts] == [10, 12, 14]
    for name, whole in tensors(batch).items():
        assert torch.equal(torch.cat([getattr(part, name) for part in parts]), whole)
    (one,) = batch.parts(0)
    assert (len(one), one.first) == (5, 10)


def test_every_tensor_goes_to_the_device(batch: TrainingBatch) -> None:
    assert {t.device.type for t in tensors(batch.to("meta")).values()} == {"meta"}


def test_a_batch_can_be_sent_to_another_process(batch: TrainingBatch) -> None:
    copy = pickle.loads(pickle.dumps(batch))
    assert copy.first == batch.first
    assert all(torch.equal(t, getattr(copy, name)) for name, t in tensors(batch).items())


def test_parts_know_how_frequent_classes_are_in_the_whole(batch: TrainingBatch) -> None:
    counts = batch.count_classes(3)
    assert counts.dtype == torch.float32
    for row, mask in zip(counts, (batch.before, batch.after), strict=True):
        assert row.tolist() == np.bincount(mask.numpy().ravel(), minlength=3).tolist()
    parts = with_counts(batch.parts(2), 3, None)
    assert len(parts) == 3
    for part in parts:
        assert part.counts is not None
        assert torch.equal(part.counts, counts)
