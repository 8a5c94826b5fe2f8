from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor

from changen_cli.synthesis.background import FEATHER, REACH, changed_objects, keep_background, match_tone
from changen_cli.types import Int64Array


def make(change: tuple[slice, slice], size: int = 64) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """A photograph, another one of the same tone over all, and a step that creates something."""
    draw = np.random.default_rng(0)
    image = torch.from_numpy(draw.integers(60, 190, (1, 3, size, size)).astype(np.uint8))
    made = image ^ 1
    before = torch.zeros(1, size, size, dtype=torch.uint8)
    after = before.clone()
    after[(0, *change)] = 1
    return image, made, before, after


def distances(rows: slice, columns: slice, size: int = 64) -> Int64Array:
    """Pixels from a change, as a king walks."""
    y, x = np.mgrid[:size, :size]
    parts = [rows.start - y, y - rows.stop + 1, columns.start - x, x - columns.stop + 1, np.zeros_like(y)]
    distance: Int64Array = np.stack(parts).max(0)
    return distance


def test_by_distance_from_a_change() -> None:
    place = (slice(30, 34), slice(28, 36))
    image, made, before, after = make(place)
    made[0, :, 27:37, 25:39] //= 2  # where nobody can compare tones
    result = keep_background(image, made, before, after, changed=None).float()
    distance = distances(*place)
    inside, near = torch.from_numpy(distance == 0), torch.from_numpy(distance <= REACH)
    far = torch.from_numpy(distance > REACH + FEATHER)
    assert torch.equal(result[..., inside], made[..., inside].float())
    assert torch.equal(result[..., far], image[..., far].float())
    assert (result - made)[..., near].abs().max() <= 2  # tones differ by less than one
    share = torch.from_numpy(np.clip((REACH + FEATHER + 1 - distance) / (FEATHER + 1), 0, 1)).float()
    expected = torch.lerp(image.float(), made.float(), share)
    assert (result - expected).abs().max() <= 2
    assert len(set(share.unique().tolist())) == FEATHER + 2


@pytest.mark.parametrize("removed", [True, False])
def test_the_patch_takes_on_the_tone_around_it_and_objects_keep_their_own(removed: bool) -> None:
    """The synthesised image is of another season, which differs from place to place."""
    place = (slice(44, 60), slice(40, 60))
    image, _, before, after = make(place, size=100)
    photograph = gaussian_filter(image[0].numpy().astype(float), (0, 1, 1))
    rows, columns = np.mgrid[:100, :100]
    season = np.stack([20 + rows / 10, -15 - columns / 10, 10 + (rows + columns) / 20])
    image, made = (torch.from_numpy(x.round().astype(np.uint8))[None] for x in (photograph, photograph + season))
    if removed:
        before, after = after, before
    else:
        made[0, :, 44:60, 40:60] = 7
    result = keep_background(image, made, before, after, changed=before != after).float()
    if not removed:
        assert (result[0, :, 44:60, 40:60] == 7).all()
    ground = (after == 0).expand(3, -1, -1)
    off = (result - image.float())[0][ground].abs()
    assert off.mean() < 0.25
    assert off.max() <= 3
    patch = torch.from_numpy(distances(*place, size=100) <= REACH)
    assert (made.float() - image.float())[..., patch].abs().mean() > 15


def test_texture_is_not_taken_for_tone() -> None:
    draw = np.random.default_rng(1)
    texture = torch.from_numpy(draw.normal(0, 30, (1, 3, 64, 64)).astype(np.float32))
    known = torch.ones(1, 1, 64, 64, dtype=torch.bool)
    known[..., 20:40, 20:40] = False
    tone = match_tone(10 + texture, known)
    assert (tone - 10)[..., 20:40, 20:40].abs().mean() < 4
    assert (tone[..., 1:, :] - tone[..., :-1, :]).abs().max() < 12


@pytest.mark.parametrize("size", [(16, 16), (17, 61), (64, 37), (250, 16)])
def test_tone_of_a_few_pixels_is_that_of_all(size: tuple[int, int]) -> None:
    known = torch.zeros(2, 1, *size, dtype=torch.bool)
    known[0, 0, 2, 3] = True
    tone = match_tone(torch.where(known, 12.0, 99.0).expand(2, 3, *size), known)
    assert tone.shape == (2, 3, *size)
    torch.testing.assert_close(tone[0], torch.full((3, *size), 12.0))
    assert (tone[1] == 0).all()  # nothing is known: it stays


def test_pixels_without_data_say_nothing_of_tone() -> None:
    image, made, before, after = make((slice(30, 34), slice(28, 36)))
    valid = torch.ones(1, 1, 64, 64, dtype=torch.bool)
    valid[..., 40:] = False
    image[..., 40:] = 0
    known = keep_background(image, made, before, after, changed=None, valid=valid)
    made[..., 40:] = 255
    result = keep_background(image, made, before, after, changed=None, valid=valid)
    assert torch.equal(result[..., :40], known[..., :40])
    assert not torch.equal(keep_background(image, made, before, after, changed=None)[..., :40], known[..., :40])


def test_objects_that_are_kept_are_kept_to_the_last_pixel() -> None:
    image, _, before, after = make((slice(30, 34), slice(28, 36)))
    made = 255 - image
    before[0, 35:50, 28:36] = after[0, 35:50, 28:36] = 2
    changed = before != after
    result = keep_background(image, made, before, after, changed=changed)
    assert torch.equal(result[..., 35:50, 28:36], image[..., 35:50, 28:36])
    assert not torch.equal(result[..., 30:35, 28:36], image[..., 30:35, 28:36])
    # objects are not known: what stands there may be what moved
    result = keep_background(image, made, before, after, changed=None)
    assert not torch.equal(result[..., 35:50, 28:36], image[..., 35:50, 28:36])


def test_removal_counts_as_creation_does() -> None:
    image, made, before, after = make((slice(5, 9), slice(5, 9)))
    one = keep_background(image, made, before, after, changed=None)
    other = keep_background(image, made, after, before, changed=None)
    assert (one.int() - other.int()).abs().max() <= 1  # by the tone of the ground that comes


def test_without_a_change_everything_is_kept() -> None:
    image, _, before, _ = make((slice(0, 0), slice(0, 0)))
    assert torch.equal(keep_background(image, 255 - image, before, before, changed=None), image)


def test_samples_do_not_mix() -> None:
    image, made, before, after = make((slice(5, 9), slice(5, 9)))
    made = made // 2
    two = [torch.cat([t, t]) for t in (image, made, before, after)]
    two[3][1] = 0
    two[1][1] = 0
    result = keep_background(*two, changed=None)
    assert torch.equal(result[0], keep_background(image, made, before, after, changed=None)[0])
    assert torch.equal(result[1], image[0])


def test_a_change_at_the_corner() -> None:
    image, made, before, after = make((slice(0, 1), slice(0, 1)), size=16)
    result = keep_background(image, made, before, after, changed=None)
    assert torch.equal(result[..., 0, 0], made[..., 0, 0])
    assert torch.equal(result[..., REACH + FEATHER + 1 :, :], image[..., REACH + FEATHER + 1 :, :])


def test_where_all_is_built_nothing_says_another_tone() -> None:
    image, _, before, after = make((slice(4, 9), slice(4, 9)), size=16)
    before[:] = after[:] = 1
    before[0, 4:9, 4:9] = 0
    made = image // 2
    result = keep_background(image, made, before, after, changed=None)
    near = torch.from_numpy(distances(slice(4, 9), slice(4, 9), 16) <= REACH)
    assert torch.equal(result[..., near], made[..., near])


def test_an_object_that_changes_counts_whole() -> None:
    before = torch.zeros(2, 16, 16, dtype=torch.int32)
    before[:, 1:5, 1:5], before[:, 8:12, 8:12], before[:, 14:, 14:] = 3, 7, 9
    after = before.clone()
    after[0, 8:12, 8:12] = 0
    after[0, 9:13, 8:12] = 7  # moved by one row
    after[0, 14:, 14:] = 0
    changed = changed_objects(before, after, 10)
    assert changed[0, 8:13, 8:12].all()
    assert changed[0, 14:, 14:].all()
    assert int(changed[0].sum()) == 5 * 4 + 4
    assert not changed[1].any()
