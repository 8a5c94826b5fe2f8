from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import pytest
import torch
from torch import Tensor

from changen_cli.models.batch import Batch
from changen_cli.models.units import to_pixels


@dataclass(frozen=True)
class Counted(Batch):
    """As an extension is written: something for each sample, and something for all."""

    number: tuple[int, ...] = ()
    weights: Tensor | None = None

    def part(self, start: int, stop: int) -> Self:
        return replace(super().part(start, stop), number=self.number[start:stop])


def batch() -> Counted:
    draw = torch.Generator().manual_seed(0)
    masks = torch.randint(0, 3, (2, 5, 8, 6), generator=draw, dtype=torch.uint8)
    image = torch.randint(0, 256, (5, 3, 8, 6), generator=draw, dtype=torch.uint8)
    return Counted(image, masks[0], masks[1], torch.randn(5, 4, generator=draw), tuple(range(5)), torch.ones(2))


def test_pixels_are_the_image_in_units_of_networks() -> None:
    whole = batch()
    assert len(whole) == 5
    assert torch.equal(whole.pixels, to_pixels(whole.image))
    assert whole.pixels is whole.pixels
    assert not torch.equal(replace(whole, image=255 - whole.image).pixels, whole.pixels)


@pytest.mark.parametrize(("most", "sizes"), [(0, [5]), (9, [5]), (5, [5]), (2, [2, 2, 1]), (1, [1] * 5)])
def test_parts_follow_each_other(most: int, sizes: list[int]) -> None:
    whole = batch()
    parts = whole.parts(most)
    assert [len(part) for part in parts] == sizes
    for name in ("image", "before", "after", "noise"):
        assert torch.equal(torch.cat([getattr(part, name) for part in parts]), getattr(whole, name))
    assert sum((part.number for part in parts), ()) == whole.number
    assert all(part.weights is whole.weights for part in parts)


def test_a_batch_goes_to_a_device_whole() -> None:
    whole = replace(batch(), weights=None)
    moved = whole.to("meta")
    assert isinstance(moved, Counted)
    assert {moved.image.device.type, moved.before.device.type, moved.noise.device.type} == {"meta"}
    assert moved.number == whole.number
    assert moved.weights is None
