from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from changen_cli.synthesis.background import FEATHER, REACH, changed_objects, keep_background


def make(change: tuple[slice, slice], size: int = 64) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    draw = torch.Generator().manual_seed(0)
    image, made = torch.randint(0, 256, (2, 1, 3, size, size), generator=draw, dtype=torch.uint8)
    before = torch.zeros(1, size, size, dtype=torch.uint8)
    after = before.clone()
    after[(0, *change)] = 1
    return image, made, before, after


def test_by_distance_from_a_change() -> None:
    image, made, before, after = make((slice(30, 34), slice(28, 36)))
    result = keep_background(image, made, before != after)
    rows, columns = np.mgrid[:64, :64]
    distance = np.maximum.reduce(
        [30 - rows, rows - 33, 28 - columns, columns - 35, np.zeros_like(rows)]
    )  # as a king walks
    share = torch.from_numpy(np.clip((REACH + FEATHER + 1 - distance) / (FEATHER + 1), 0, 1)).float()
    expected = image.float() + share * (made.float() - image.float())
    assert (result.float() - expected).abs().max() <= 0.5 + 1e-3
    near, far = torch.from_numpy(distance <= REACH), torch.from_numpy(distance > REACH + FEATHER)
    assert torch.equal(result[..., near], made[..., near])
    assert torch.equal(result[..., far], image[..., far])
    assert len(set(share.unique().tolist())) == FEATHER + 2


def test_removal_counts_as_creation_does() -> None:
    image, made, before, after = make((slice(5, 9), slice(5, 9)))
    assert torch.equal(keep_background(image, made, before != after), keep_background(image, made, after != before))


def test_without_a_change_everything_is_kept() -> None:
    image, made, before, _ = make((slice(0, 0), slice(0, 0)))
    assert torch.equal(keep_background(image, made, torch.zeros_like(before, dtype=torch.bool)), image)


def test_samples_do_not_mix() -> None:
    image, made, before, after = make((slice(5, 9), slice(5, 9)))
    two = [torch.cat([t, t]) for t in (image, made, before, after)]
    two[3][1] = 0
    result = keep_background(two[0], two[1], two[2] != two[3])
    assert torch.equal(result[0], keep_background(image, made, before != after)[0])
    assert torch.equal(result[1], image[0])


def test_a_change_at_the_corner() -> None:
    image, made, before, after = make((slice(0, 1), slice(0, 1)), size=16)
    result = keep_background(image, made, before != after)
    assert torch.equal(result[..., : REACH + 1, : REACH + 1], made[..., : REACH + 1, : REACH + 1])
    assert torch.equal(result[..., REACH + FEATHER + 1 :, :], image[..., REACH + FEATHER + 1 :, :])


def test_an_object_that_changes_counts_whole() -> None:
    before = torch.zeros(2, 16, 16, dtype=torch.int32)
    before[:, 1:5, 1:5], before[:, 8:12, 8:12], before[:, 14:, 14:] = 3, 7, 9
    after = before.clone()
    after[0, 8:12, 8:12] = 0
    after[0, 9:13, 8:12] = 7  # moved by one row
    after[0, 14:, 14:] = 0
    changed = changed_objects(before, after)
    assert changed[0, 8:13, 8:12].all()
    assert changed[0, 14:, 14:].all()
    assert int(changed[0].sum()) == 5 * 4 + 4
    assert not changed[1].any()
