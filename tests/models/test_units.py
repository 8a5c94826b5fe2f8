from __future__ import annotations

import torch

from changen_cli.models.units import from_unit, to_bytes, to_pixels, to_unit


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
