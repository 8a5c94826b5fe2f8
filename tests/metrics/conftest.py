from __future__ import annotations

import runpy
from pathlib import Path

import pytest

MAKE = str(Path(__file__).parents[1] / "data" / "make_tables.py")


@pytest.fixture(scope="session")
def inception_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights in the form of the published file: it cannot be had offline, its code path can be run."""
    pytest.importorskip("torch_fidelity.feature_extractor_inceptionv3")
    path: Path = runpy.run_path(MAKE)["write_inception"](tmp_path_factory.mktemp("weights"))
    return path
