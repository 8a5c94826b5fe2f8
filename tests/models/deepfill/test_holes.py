from __future__ import annotations

import torch

from changen_cli.models.deepfill.holes import REACH, removed_ground


def test_the_hole_reaches_beyond_the_footprint_but_not_into_others() -> None:
    before = torch.zeros(1, 40, 40, dtype=torch.uint8)
    before[0, 10:20, 10:20] = 2
    before[0, 10:20, 21:30] = 1
    after = before.clone()
    after[before == 2] = 0
    hole = removed_ground(before, after)
    expected = torch.zeros(1, 40, 40, dtype=torch.bool)
    expected[0, 10 - REACH : 20 + REACH, 10 - REACH : 20 + REACH] = True
    expected[before == 1] = False
    assert torch.equal(hole, expected)
    assert not removed_ground(after, before).any()
    assert not removed_ground(before, before).any()


def test_what_lay_beneath_a_removed_object_is_filled() -> None:
    before, after = torch.full((1, 20, 20), 2, dtype=torch.uint8), torch.full((1, 20, 20), 2, dtype=torch.uint8)
    before[:, 8:12, 8:12] = 1
    hole = removed_ground(before, after)
    assert hole.sum() == 16
    assert hole[0, 8:12, 8:12].all()
