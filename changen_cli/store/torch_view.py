"""An output as a torch data set: the only module of the store that imports torch, and nothing imports it before use."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch.utils.data import Dataset

if TYPE_CHECKING:
    from changen_cli.store.series import SeriesDataset


class TorchView(Dataset[Any]):
    """A map-style data set; see :meth:`changen_cli.store.series.SeriesDataset.torch`.

    Attributes:
        series: The output.
        pairs: True for pairs of images, False for whole series.
        transform: Applied to each item, or None.
    """

    def __init__(self, series: SeriesDataset, pairs: bool, transform: Callable[[Any], Any] | None) -> None:
        """Wraps an output; nothing is read yet."""
        self.series = series
        self.pairs = pairs
        self.transform = transform

    def __len__(self) -> int:
        """Returns the number of pairs, or of series."""
        return self.series.pair_count() if self.pairs else len(self.series)

    def __getitem__(self, item: int) -> Any:
        """Reads one item as tensors.

        Raises:
            IndexError: If there is no such item.
            StoreError: If a file is missing or damaged.
        """
        value: Any
        if self.pairs:
            value = tuple(torch.from_numpy(array) for array in self.series.read_pair(item))
        else:
            sample = self.series[item]
            arrays = {name: getattr(sample, name) for name in ("image", "change", "mask", "instance", "valid")}
            value = {name: torch.from_numpy(array) for name, array in arrays.items() if array is not None}
        return value if self.transform is None else self.transform(value)
