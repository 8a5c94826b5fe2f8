"""Writes fake twins of all that the paper's tables are made from: data sets, and files of weights with drawn values.

``python tests/data/make_tables.py FOLDER`` writes what ``changen reproduce table5 --tiny --data-root FOLDER`` needs.
"""

from __future__ import annotations

import argparse
import io
import runpy
from pathlib import Path

import timm
import torch
from safetensors.torch import save_file
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

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
    write_inception(root / "weights")
    return root


def write_inception(folder: Path) -> Path:
    """Writes drawn weights in the form of the published Inception, under its name.

    Args:
        folder: Gets the file, of 91 MB.
    """
    # it insists on reading a file while it is made, and there is none
    loads_nothing = {"load_state_dict": lambda self, *_, **__: None}
    network = type("Blank", (FeatureExtractorInceptionV3,), loads_nothing)
    nothing = io.BytesIO()
    torch.save({}, nothing)
    nothing.seek(0)
    torch.manual_seed(0)
    path = folder / "weights-inception-2015-12-05-6726825d.pth"
    torch.save(network("blank", ["2048"], nothing).state_dict(), path)
    return path


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    print(write_tables(parser.parse_args().folder))
