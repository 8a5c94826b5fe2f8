from __future__ import annotations

import io
from pathlib import Path

import pytest
import torch


@pytest.fixture(scope="session")
def inception_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights in the form of the published file: it cannot be had offline, its code path can be run."""
    fidelity = pytest.importorskip("torch_fidelity.feature_extractor_inceptionv3")
    loads_nothing = {"load_state_dict": lambda self, *_, **__: None}
    network = type("Blank", (fidelity.FeatureExtractorInceptionV3,), loads_nothing)
    nothing = io.BytesIO()
    torch.save({}, nothing)
    nothing.seek(0)
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "weights-inception-2015-12-05-6726825d.pth"
    torch.save(network("blank", ["2048"], nothing).state_dict(), path)
    return path
