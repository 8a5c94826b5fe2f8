from __future__ import annotations

import numpy as np
import pytest
import torch

from changen_cli.conditions.registration import NODES, Registration
from changen_cli.rng import generator
from tests.conditions.conftest import Images


def move(images: torch.Tensor, x: float, y: float, bend: float = 0.0) -> torch.Tensor:
    bends = np.full((1, NODES**2), bend)
    return Registration().apply(images, {"shift": np.array([[x, y]]), "warp_x": bends, "warp_y": bends})


def test_draws_lie_in_their_ranges_in_all_directions() -> None:
    draws = [Registration().draw(generator(n), 3) for n in range(500)]
    shifts = np.array([draw["shift"] for draw in draws])
    lengths = np.hypot(*shifts.T)
    assert lengths.min() < 0.1
    assert 2.9 < lengths.max() <= 3
    assert all((shifts[:, axis] * side > 1).any() for axis in (0, 1) for side in (-1, 1))
    warps = np.array([[draw["warp_x"], draw["warp_y"]] for draw in draws])
    assert warps.shape == (500, 2, NODES**2)
    assert np.abs(warps).max() <= 1


@pytest.mark.parametrize(("x", "y"), [(2, 0), (0, 3), (-1, 2)])
def test_whole_pixels(images: Images, x: int, y: int) -> None:
    """A pixel takes the colour from x to its right and y below it; at the edges the image is mirrored."""
    batch = images(1)
    made = move(batch, x, y)
    padded = torch.nn.functional.pad(batch, (4, 4, 4, 4), mode="reflect")
    height, width = batch.shape[2:]
    assert torch.allclose(made, padded[:, :, 4 + y : 4 + y + height, 4 + x : 4 + x + width], atol=1e-4)


def test_parts_of_pixels_and_bends() -> None:
    slope = torch.arange(40.0).div(40).expand(1, 1, 30, 40).contiguous()
    inside = (..., slice(5, -5), slice(5, -5))
    assert torch.allclose(move(slope, 0.5, 0.25)[inside], slope[inside] + 0.5 / 40, atol=1e-5)
    assert torch.allclose(move(slope, 0, 0, bend=1.5)[inside], slope[inside] + 1.5 / 40, atol=1e-5)


def test_nothing_drawn_is_nothing_moved(images: Images) -> None:
    batch = images(1)
    assert torch.allclose(move(batch, 0, 0), batch, atol=1e-4)
