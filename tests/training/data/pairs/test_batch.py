from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch

from changen_cli.training.data.pairs.batch import PairSample, stack_pairs
from changen_cli.types import UInt8Array


def sample(value: int, layouts: bool) -> PairSample:
    mask: UInt8Array = np.full((8, 8), value % 2, np.uint8)
    images = np.full((2, 3, 8, 8), value, np.uint8)
    return PairSample(images, mask, np.ones((8, 8), np.bool_), np.stack([mask, mask]) if layouts else None)


def test_parts_keep_their_numbers_and_what_is_known() -> None:
    batch = stack_pairs([sample(k, k == 1) for k in range(3)], first=6)
    assert (len(batch), batch.known.tolist(), batch.jobs) == (3, [False, True, False], (None, None, None))
    first, second = batch.parts(2)
    assert (first.first, second.first, len(second), len(second.jobs)) == (6, 8, 1, 1)
    assert torch.equal(torch.cat([first.images, second.images]), batch.images)
    assert batch.parts(0) == [batch]
    copied = pickle.loads(pickle.dumps(batch)).to("cpu")
    assert torch.equal(copied.layouts, batch.layouts)
    with pytest.raises(AssertionError, match="finished"):
        _ = batch.inputs
