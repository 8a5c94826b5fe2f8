"""Small outputs in every format, and what exports them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from changen_cli.export.export import Exported, export_series
from changen_cli.export.options import ExportOptions
from changen_cli.store.base import Outcome, StoreSpec

Export = Callable[..., Path]
"""Exports a small output: ``run(layout, format="zarr", **options)``; returns where."""

SAMPLES = ("kampala__r0_c0", "kampala__r4_c0", "jinja__r1_c0")
"""Ids of the series of the small output: two of train, the second without a change; one of test."""


@pytest.fixture(scope="session")
def stores(
    tmp_path_factory: pytest.TempPathFactory,
    run_store: Callable[..., None],
    spec: StoreSpec,
    outcomes: list[Outcome],
) -> Path:
    """A folder with one output a format, each of the same three series of three dates, 24 x 40 pixels."""
    root = tmp_path_factory.mktemp("stores")
    for format in ("zarr", "geotiff", "levir"):
        run_store(format, root / format, spec, outcomes)
    return root


@pytest.fixture
def run(stores: Path, tmp_path: Path) -> Export:
    """Exports a small output."""

    def made(layout: str, format: str = "zarr", *, name: str = "", **options: object) -> Path:
        output = tmp_path / (name or layout)
        done: Exported = export_series(
            ExportOptions(series=stores / format, layout=layout, output=output, **options)  # type: ignore[arg-type]
        )
        assert done.path == output
        return output

    return made
