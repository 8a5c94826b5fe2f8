"""An output as a torch data set: the only module of the store that imports torch, and nothing imports it before use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.utils.data import Dataset

from changen_cli.types import AnyArray

Arrays = dict[str, AnyArray] | tuple[AnyArray, ...]
"""Arrays of one item, by name or in order."""


class TorchDataset(Dataset[Any]):
    """A map-style data set of anything that reads arrays; see :meth:`changen_cli.store.series.SeriesDataset.torch`.

    Its items are what the transform returns, so their type is not known here.
    """

    def __init__(self, read: Callable[[int], Arrays], length: int, transform: Callable[[Any], Any] | None) -> None:
        """Keeps how items are read; nothing is read yet.

        Args:
            read: Gives the arrays of an item; picklable, so that loader processes can have it.
            length: Number of items.
            transform: Applied to each item, or None.
        """
        self._read, self._length, self.transform = read, length, transform

    def __len__(self) -> int:
        """Returns the number of items."""
        return self._length

    def __getitem__(self, item: int) -> Any:
        """Reads one item as tensors of the arrays' shapes and dtypes, and transforms it.

        Raises:
            IndexError: If there is no such item.
            StoreError: If a file is missing or damaged.
        """
        arrays = self._read(item)
        value: Any
        if isinstance(arrays, dict):
            value = {name: torch.from_numpy(array) for name, array in arrays.items()}
        else:
            value = tuple(torch.from_numpy(array) for array in arrays)
        return value if self.transform is None else self.transform(value)
