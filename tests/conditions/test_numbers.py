from __future__ import annotations

import numpy as np
import pytest
import torch

from changen_cli.conditions.numbers import column, log_uniform, require_colours, smooth_fields
from changen_cli.errors import UsageError
from changen_cli.rng import generator


def test_a_column_stands_before_its_image() -> None:
    images = torch.zeros(2, 3, 16, 20)
    assert column(np.array([1.0, 2.0]), images).shape == (2, 1, 1, 1)
    by_band = column(np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), images)
    assert by_band.shape == (2, 3, 1, 1)
    assert (images + by_band)[1, 2].unique().tolist() == [6]
    assert by_band.dtype == torch.float32


def test_fields_are_smooth_and_within_their_nodes() -> None:
    nodes = generator("nodes").uniform(-1, 1, (3, 2, 16))
    fields = smooth_fields(nodes, torch.zeros(3, 1, 64, 48))
    assert fields.shape == (3, 64, 48, 2)
    assert fields.is_contiguous()
    for image in range(3):
        for kind in range(2):
            field = fields[image, :, :, kind]
            assert nodes[image, kind].min() <= field.min()
            assert field.max() <= nodes[image, kind].max()
            corner, node = field[0, 0].item(), nodes[image, kind, 0]
            assert corner == pytest.approx(node, abs=0.15)
    assert fields.diff(dim=1).abs().max() < 0.1
    assert fields.diff(dim=2).abs().max() < 0.15


def test_a_slope_is_a_slope() -> None:
    """Down the rows and along the columns, not the other way round."""
    down, across = np.meshgrid(np.arange(4) / 3, np.arange(4) / 3, indexing="ij")
    fields = smooth_fields(np.stack([down.ravel(), across.ravel()])[None], torch.zeros(1, 3, 32, 40))
    rows, columns = (torch.arange(32) + 0.5) / 32, (torch.arange(40) + 0.5) / 40
    assert torch.allclose(fields[0, :, :, 0], rows[:, None].expand(32, 40), atol=1e-6)
    assert torch.allclose(fields[0, :, :, 1], columns.expand(32, 40), atol=1e-6)


def test_halves_are_as_likely_as_doubles() -> None:
    drawn = log_uniform(generator("factors"), 0.5, 2, 10_000)
    assert drawn.min() >= 0.5
    assert drawn.max() <= 2
    assert (drawn < 1).mean() == pytest.approx(0.5, abs=0.02)
    assert np.ndim(log_uniform(generator("factor"), 0.5, 2)) == 0


def test_colours_are_asked_for() -> None:
    require_colours("season", torch.zeros(1, 3, 16, 16))
    with pytest.raises(UsageError, match="condition season needs the bands red, green and blue; the images have 2"):
        require_colours("season", torch.zeros(1, 2, 16, 16))
