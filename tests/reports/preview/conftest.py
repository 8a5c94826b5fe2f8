"""Outputs made by hand in each format, and samples of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from changen_cli.store.base import Outcome, StoreSpec
from changen_cli.store.sample import Sample
from changen_cli.store.series import SeriesDataset, open_series


@pytest.fixture
def output(
    tmp_path: Path, run_store: Callable[..., None], spec: StoreSpec, outcomes: list[Outcome]
) -> Callable[[str], SeriesDataset]:
    """Writes an output of three series that are done: one with every kind of change, one in test, one of nothing."""

    def make(format: str = "zarr") -> SeriesDataset:
        root = tmp_path / f"out-{format}"
        run_store(format, root, spec, outcomes)
        return open_series(root)

    return make


@pytest.fixture
def sample(output: Callable[[str], SeriesDataset]) -> Sample:
    """A series of three dates: step 1 relocates 2 and creates 4, step 2 removes 3."""
    return output("zarr")[0]
