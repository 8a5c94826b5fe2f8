from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from changen_cli.errors import WeightsError
from changen_cli.metrics.change.segmenter import load_segmenter, see_buildings
from changen_cli.models.registry import make_network
from changen_cli.weights.card import Card, file_sha256


def _save(path: Path, architecture: str = "segmenter", width: float = 0.25) -> str:
    torch.manual_seed(0)
    network = make_network("segmenter", {"width": 0.25})
    save_file(network.state_dict(), path)
    Card("tiny", architecture, {"width": width}, file_sha256(path)).write(path.with_suffix(".yaml"))
    return str(path)


def test_saved_segmenter_sees_what_the_network_says(tmp_path: Path) -> None:
    segmenter, card = load_segmenter(_save(tmp_path / "tiny.safetensors"))
    assert card.name == "tiny"
    assert not segmenter.training
    images = torch.randint(0, 256, (2, 3, 40, 56), dtype=torch.uint8)
    seen = see_buildings(segmenter, images)
    assert seen.shape == (2, 40, 56)
    assert seen.dtype == bool
    logits = segmenter(images.float() / 127.5 - 1)
    np.testing.assert_array_equal(seen, (logits[:, 1] > logits[:, 0]).numpy())


def test_weights_of_something_else_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        WeightsError, match=r"weights of 'changen', not of 'segmenter'.*changen train --model segmenter"
    ):
        load_segmenter(_save(tmp_path / "a.safetensors", architecture="changen"))
    with pytest.raises(WeightsError, match="does not fit its card"):
        load_segmenter(_save(tmp_path / "b.safetensors", width=0.5))
    with pytest.raises(WeightsError, match="no such weights"):
        load_segmenter(str(tmp_path / "c.safetensors"))
