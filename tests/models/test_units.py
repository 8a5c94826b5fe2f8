from __future__ import annotations

import pytest
import torch

from changen_cli.models.units import SMALLEST, fill_up, from_unit, to_bytes, to_pixels, to_unit


def every_byte() -> torch.Tensor:
    return torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16).expand(2, 3, 16, 16)


def test_every_byte_comes_back() -> None:
    pixels = to_pixels(every_byte())
    assert pixels.dtype == torch.float32
    assert pixels.is_contiguous(memory_format=torch.channels_last)
    assert [end.item() for end in pixels.aminmax()] == [-1, 1]
    assert torch.equal(to_bytes(pixels), every_byte())
    assert torch.equal(to_bytes(pixels.to(torch.float64)), every_byte())


def test_the_arguments_stay_as_they_are() -> None:
    image = every_byte().float()
    kept = image.clone()
    to_bytes(to_pixels(image))
    assert torch.equal(image, kept)
    pixels = torch.linspace(-1.5, 1.5, 48).view(1, 3, 4, 4)
    kept = pixels.clone()
    made = to_bytes(pixels)
    assert torch.equal(pixels, kept)
    assert [end.item() for end in made.aminmax()] == [0, 255]


def test_every_byte_comes_back_from_0_to_1() -> None:
    image = every_byte()
    unit = to_unit(image)
    assert unit.dtype == torch.float32
    assert [end.item() for end in unit.aminmax()] == [0, 1]
    assert torch.equal(from_unit(unit), image)
    assert torch.equal(unit, to_unit(image)), "the argument stays"


@pytest.mark.parametrize("size", [(5, 7), (40, 3), (32, 32), (50, 60)])
def test_small_images_are_filled_up_with_their_last_rows_and_columns(size: tuple[int, int]) -> None:
    image = torch.randint(0, 256, (2, 3, *size), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    filled = fill_up(image)
    assert filled.shape == (2, 3, *(max(side, SMALLEST) for side in size))
    assert torch.equal(filled[..., : size[0], : size[1]], image)
    assert torch.equal(filled[..., -1, -1], image[..., -1, -1])
