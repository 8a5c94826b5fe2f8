"""Codes laid over regions, and noise that every device draws alike."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from changen_cli.models.looks import (
    Looks,
    paint,
    pixel_noise,
    pool_noise,
    pool_regions,
    region_colours,
    region_means,
)

DRAW = torch.Generator().manual_seed(0)


@pytest.fixture
def regions() -> Tensor:
    """Ground, and objects 1 and 3 of the first sample, 2 of the second."""
    regions = torch.zeros(2, 8, 12, dtype=torch.int32)
    regions[0, 1:4, 2:5] = 1
    regions[0, 4:8, 6:7] = 3
    regions[1, 0:2, 0:2] = 2
    return regions


def test_paint_gives_every_pixel_the_value_of_its_region(regions: Tensor) -> None:
    values = torch.randn(2, 4, 5, generator=DRAW)
    painted = paint(values, regions)
    assert painted.shape == (2, 5, 8, 12)
    for b in range(2):
        for row, column in ((0, 0), (2, 3), (5, 6), (1, 1)):
            assert torch.equal(painted[b, :, row, column], values[b, regions[b, row, column]])
    assert painted.is_contiguous(memory_format=torch.channels_last)


def test_the_gradient_of_a_value_is_the_sum_over_its_region(regions: Tensor) -> None:
    values = torch.randn(2, 4, 5, generator=DRAW, dtype=torch.bfloat16).requires_grad_()
    paint(values, regions).sum().backward()
    assert values.grad is not None
    sizes = torch.stack([(regions == r).sum((1, 2)) for r in range(4)], 1)
    assert torch.equal(values.grad[..., 0].float(), sizes.float())


def test_a_look_is_a_convolution_over_its_code_away_from_borders() -> None:
    """The claim of the module: 48 more channels that are constant over a region, and a bias for it, do the same."""
    layer, whole = nn.Linear(4, 3, bias=False), nn.Conv2d(4, 3, 3, padding=1, bias=False)
    with torch.no_grad():
        layer.weight.copy_(whole.weight.sum((2, 3)))
    regions = torch.zeros(1, 16, 16, dtype=torch.int32)
    regions[:, :, 8:] = 1
    codes = torch.randn(1, 2, 4, generator=DRAW)
    looks = Looks(codes, regions, torch.zeros(1, dtype=torch.int64))
    inside = (slice(None), slice(None), slice(1, -1), slice(9, -1))
    torch.testing.assert_close(looks.painted(layer)[inside], whole(paint(codes, regions))[inside])


def test_regions_are_pooled_as_masks_are(regions: Tensor) -> None:
    pooled = pool_regions(regions, 4)
    assert pooled.shape == (2, 2, 3)
    assert pooled[0].tolist() == [[1, 1, 0], [0, 3, 0]]
    assert Looks(torch.zeros(2, 4, 1), regions, torch.zeros(2)).at(4).regions.tolist() == pooled.tolist()


def test_means_of_regions_leave_out_what_has_no_data(regions: Tensor) -> None:
    x = torch.randn(2, 3, 8, 12, generator=DRAW)
    regions[0, 3, 4] = -1
    means, sizes = region_means(x, regions, 4)
    for b in range(2):
        for region in range(4):
            inside = regions[b] == region
            assert sizes[b, region] == inside.sum()
            expected = x[b][:, inside].mean(1) if inside.any() else torch.zeros(3)
            torch.testing.assert_close(means[b, region], expected)


def test_pixel_noise_is_nearly_normal_and_independent() -> None:
    noise = pixel_noise(torch.arange(4), 128, 128)
    assert noise.shape == (4, 1, 128, 128)
    assert noise.mean().abs() < 0.02
    assert noise.std() == pytest.approx(1, abs=0.01)
    assert (noise**4).mean() == pytest.approx(3, abs=0.4)  # four bytes: 2.7
    for other in (noise.roll(1, 0), noise.roll(1, 2), noise.roll(1, 3), noise.transpose(2, 3)):
        assert (noise * other).mean().abs() < 0.02


def test_pixel_noise_of_a_pixel_is_its_key_row_and_column() -> None:
    keys = torch.tensor([5, 2**61 + 5, 2**40])
    noise = pixel_noise(keys, 40, 30)
    assert torch.equal(noise[:, :, :17, :13], pixel_noise(keys, 17, 13))
    assert torch.equal(noise[1:2], pixel_noise(keys[1:2], 40, 30))
    assert len({float(value) for value in noise[:, 0, 3, 4]}) == 3
    # recorded: the same on every device and version, for integers alone are mixed
    assert [round(float(v), 4) for v in pixel_noise(torch.tensor([1]), 1, 4).flatten()] == [
        0.7916,
        1.9553,
        -0.3586,
        -0.4939,
    ]


def test_pooled_noise_has_a_deviation_of_one() -> None:
    noise = pixel_noise(torch.arange(16), 64, 64)
    assert torch.equal(pool_noise(noise, 1), noise)
    assert pool_noise(noise, 8).std() == pytest.approx(1, abs=0.06)


def test_windows_of_an_image_have_its_noise_where_they_are() -> None:
    keys = torch.tensor([7, 7])
    whole = pixel_noise(keys[:1], 128, 160)
    windows = pixel_noise(keys, 64, 64, torch.tensor([[32, 96], [64, 0]]))
    assert torch.equal(windows[0], whole[0, :, 32:96, 96:160])
    assert torch.equal(windows[1], whole[0, :, 64:128, :64])
    assert torch.equal(pool_noise(windows, 32)[0], pool_noise(whole, 32)[0, :, 1:3, 3:5])
    looks = Looks(torch.zeros(2, 1, 3), torch.zeros(2, 64, 64), keys, torch.tensor([[32, 96], [64, 0]]))
    assert looks.part(1, 2).at(2).origins.tolist() == [[64, 0]]  # type: ignore[union-attr]


def test_colours_of_a_region_are_its_mean_and_deviation() -> None:
    image = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    regions = torch.zeros(2, 8, 8, dtype=torch.int64)
    regions[:, :3, :4] = 2
    regions[:, 7] = -1
    colours, sizes = region_colours(image, regions, 3)
    assert sizes.tolist() == [[44, 0, 12]] * 2
    inside = image[1, :, :3, :4].flatten(1)
    torch.testing.assert_close(colours[1, 2], torch.cat([inside.mean(1), inside.std(1, correction=0)]))
