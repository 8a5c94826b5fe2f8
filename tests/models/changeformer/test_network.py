from __future__ import annotations

import pytest
import torch

from changen_cli.errors import UsageError
from changen_cli.models.changeformer import ChangeFormer, ChangeFormerConfig
from tests.models.detector_checks import check_change, check_it_learns


def make() -> ChangeFormer:
    return ChangeFormer(ChangeFormerConfig(channels=(8, 16, 16, 32), depths=(1, 1, 1, 1), width=8))


def test_it_has_the_size_of_its_paper() -> None:
    """41.027 M with the heads at four strides, which nothing uses, and a second class."""
    width = 256
    aside = 4 * ((9 * 2 * width + 2) + 2 * 2 + (9 * 2 * 2 + 2))
    second_class = 9 * width + 1
    with torch.device("meta"):
        network = ChangeFormer(ChangeFormerConfig())
    found = sum(p.numel() for p in network.parameters())
    assert found == 41_005_761
    assert found == pytest.approx(41.027e6, rel=1e-3)
    assert found + aside + second_class == 41_026_674


def test_it_does_what_every_detector_does() -> None:
    check_change(make, symmetric=False)


@pytest.mark.slow
def test_it_learns_what_changed() -> None:
    torch.manual_seed(0)
    check_it_learns(make(), 100, 3e-3)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"channels": (8, 16)}, r"channels \[8, 16\]: give 4 numbers"),
        ({"depths": (1, 1, 1, 0)}, r"depths \[1, 1, 1, 0\]: give 4 numbers, each at least 1"),
        ({"channels": (8, 16, 30, 32)}, r"channels \[8, 16, 30, 32\]: must be multiples of 1, 2, 4, 8"),
    ],
)
def test_sizes_that_cannot_be(values: dict[str, tuple[int, ...]], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        ChangeFormerConfig(**values)  # type: ignore[arg-type]
