"""Fake twins of the data sets: right folders and names, small pictures, too few of them."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture
def twins(tmp_path: Path) -> Path:
    """A folder of LEVIR-CD, LEVIR-CD+ (a folder deeper), S2Looking, WHU-CD and xView2."""
    pairs, xbd = (runpy.run_path(str(DATA / f"{name}.py")) for name in ("make_pairs", "make_xbd"))
    root = tmp_path / "data"
    pairs["make_levir"](root / "LEVIR-CD")
    pairs["make_levir_plus"](root / "more")
    pairs["make_s2looking"](root / "S2Looking")
    pairs["make_whu"](root / "WHU")
    xbd["write_xbd"](root / "xview2", 32, 1, 2)
    return root
