from __future__ import annotations

from pathlib import Path

import pytest
from torch import Tensor

from changen_cli.errors import WeightsError
from changen_cli.models.detector import Detection, Detector


class Difference(Detector):
    def forward(self, before: Tensor, after: Tensor) -> Detection:
        return Detection((after - before).mean(1, keepdim=True))


def test_a_network_without_a_backbone_says_so() -> None:
    with pytest.raises(WeightsError, match="Difference: no package ships ImageNet weights for it; use --init none"):
        Difference().load_imagenet(None)
    with pytest.raises(WeightsError, match=r"a\.pth is of no use, since there are no ImageNet weights for it"):
        Difference().load_imagenet(Path("a.pth"))
