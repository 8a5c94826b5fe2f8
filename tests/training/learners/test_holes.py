from __future__ import annotations

import torch

from changen_cli.models.deepfill.holes import removed_ground
from changen_cli.training.learners.holes import LEAST, draw_holes


def test_holes_lie_on_ground_and_half_of_them_are_footprints() -> None:
    before, after = torch.zeros(2, 40, 64, 64, dtype=torch.uint8)
    before[:, 4:30, 4:30] = 1
    after[:, 40:50, 40:52] = 1
    holes = draw_holes(before, after, 3, "train", 0)
    assert (holes.shape, holes.dtype) == ((40, 1, 64, 64), torch.bool)
    assert (holes.float().mean((1, 2, 3)) >= LEAST).all()
    assert not (holes.squeeze(1) & (before > 0)).any()
    footprint = removed_ground(after, before)[0]
    assert 10 <= sum(torch.equal(hole[0], footprint) for hole in holes) <= 30
    assert len({hole.numpy().tobytes() for hole in holes}) > 15
    assert torch.equal(draw_holes(before[7:9], after[7:9], 3, "train", 7), holes[7:9])  # sample by sample


def test_where_all_is_built_there_are_holes_all_the_same() -> None:
    full = torch.ones(4, 64, 64, dtype=torch.uint8)
    assert (draw_holes(full, full, 0, "train", 0).float().mean((1, 2, 3)) >= LEAST).all()
