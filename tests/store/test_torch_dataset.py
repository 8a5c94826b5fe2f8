from __future__ import annotations

import pickle

import numpy as np
import torch

from changen_cli.store.torch_dataset import TorchDataset
from changen_cli.types import AnyArray


def read(item: int) -> dict[str, AnyArray]:
    return {"image": np.full((1, 2), item, np.uint8)}


def pair(item: int) -> tuple[AnyArray, ...]:
    return np.array([item], np.uint8), np.array([item + 1], np.uint8)


def test_arrays_become_tensors_and_travel() -> None:
    data = pickle.loads(pickle.dumps(TorchDataset(read, 3, None)))
    assert len(data) == 3
    assert torch.equal(data[2]["image"], torch.full((1, 2), 2, dtype=torch.uint8))


def test_pairs_are_transformed() -> None:
    data = TorchDataset(pair, 4, lambda tensors: [int(t) for t in tensors])
    assert data[1] == [1, 2]
