"""Writes fake twins of all that the paper's tables are made from: data sets, and files of weights with drawn values.

``python tests/data/make_tables.py FOLDER`` writes what ``changen reproduce table5 --tiny --data-root FOLDER`` needs.
"""

from __future__ import annotations

import argparse
import runpy
from pathlib import Path

import timm
import torch
from safetensors.torch import save_file

BACKBONES = {"resnet18": "resnet18", "test_resnet": "test_resnet", "resnet18_sentinel2_rgb_seco": "test_resnet"}
"""Files of weights, and what timm calls the network in them; --tiny gives ChangeStar a tiny one."""


def write_tables(root: Path) -> Path:
    """Writes the twins.

    Args:
        root: Gets LEVIR-CD, S2Looking, WHU-CD, xview2 and weights.

    Returns:
        The root.
    """
    here = Path(__file__).parent
    pairs, xbd = (runpy.run_path(str(here / f"{name}.py")) for name in ("make_pairs", "make_xbd"))
    pairs["make_levir"](root / "LEVIR-CD")
    pairs["make_s2looking"](root / "S2Looking")
    pairs["make_whu"](root / "WHU-CD")
    xbd["write_xbd"](root / "xview2", 128, 1, 30)
    (root / "weights").mkdir()
    torch.manual_seed(0)
    for file, network in BACKBONES.items():
        save_file(timm.create_model(network, pretrained=False).state_dict(), root / "weights" / f"{file}.safetensors")
    return root


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    print(write_tables(parser.parse_args().folder))
