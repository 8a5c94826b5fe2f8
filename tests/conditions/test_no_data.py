from __future__ import annotations

import torch

from changen_cli.conditions.no_data import REACH, fill_no_data


def test_colours_grow_as_far_as_conditions_reach_and_data_stay() -> None:
    draw = torch.Generator().manual_seed(0)
    images = torch.rand(2, 3, 40, 40, generator=draw) + 0.1
    valid = torch.ones(2, 1, 40, 40, dtype=torch.bool)
    valid[0, :, :, 20:] = False
    filled = fill_no_data(images, valid)
    assert torch.equal(filled[1], images[1])
    assert torch.equal(filled[0, :, :, :20], images[0, :, :, :20])
    grown = filled[0, :, :, 20 : 20 + REACH]
    assert images[0, :, :, 19].min() <= grown.min()
    assert grown.max() <= images[0, :, :, 19].max()
    assert not filled[0, :, :, 20 + REACH :].any()


def test_nothing_valid_and_all_valid() -> None:
    images = torch.rand(1, 3, 20, 20)
    assert not fill_no_data(images, torch.zeros(1, 1, 20, 20, dtype=torch.bool)).any()
    assert fill_no_data(images, torch.ones(1, 1, 20, 20, dtype=torch.bool)) is images
