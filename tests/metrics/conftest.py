"""Scenes, series and pairs drawn by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from skimage.io import imsave

from changen_cli.metrics.change.pairs import Pair
from changen_cli.pipeline.generate import generate
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.rng import generator

SIDE = 96


def texture(*key: str | int, size: tuple[int, int] = (SIDE, SIDE)) -> np.ndarray:
    """Ground with structure at several scales, uint8 [3, H, W]."""
    draw = generator("texture", *key)
    image = np.full((3, *size), 110.0)
    for sigma, strength in ((1.0, 18), (3.0, 25), (9.0, 30)):
        layer = gaussian_filter(draw.standard_normal((3, *size)), (0, sigma, sigma))
        image += layer / layer.std() * strength
    return image.clip(0, 255).astype(np.uint8)


def build(image: np.ndarray, where: np.ndarray, *key: str | int) -> np.ndarray:
    """Draws roofs: another colour, with a texture of their own."""
    roof = texture("roof", *key, size=image.shape[1:])
    return np.where(where, roof // 3 + np.array([150, 90, 60], np.uint8)[:, None, None], image)


def boxes(*corners: tuple[int, int, int, int]) -> np.ndarray:
    """A mask of rectangles (top, left, bottom, right)."""
    mask = np.zeros((SIDE, SIDE), bool)
    for top, left, bottom, right in corners:
        mask[top:bottom, left:right] = True
    return mask


@pytest.fixture(scope="session")
def ground() -> Callable[..., np.ndarray]:
    return texture


@pytest.fixture(scope="session")
def roofs() -> Callable[..., np.ndarray]:
    return build


@pytest.fixture(scope="session")
def make_pair() -> Callable[..., Pair]:
    """A pair with one building removed, one created, one kept; ``after`` is made from I_t by the caller."""

    def make(number: int = 0, after: Callable[[Pair], np.ndarray] | None = None, step: int = 1) -> Pair:
        removed, created, kept = boxes((20, 20, 40, 50)), boxes((60, 10, 75, 30)), boxes((60, 60, 80, 84))
        image = build(texture(number), removed | kept, number)
        pair = Pair(
            id=f"s{number}__t{step - 1}_t{step}",
            scene="scene",
            step=step,
            before=image,
            after=image,
            valid=np.ones((SIDE, SIDE), bool),
            created=created,
            removed=removed,
            kept=kept,
            ground=~(removed | created | kept),
            changes=(),
        )
        return pair if after is None else _with_after(pair, after(pair))

    return make


def _with_after(pair: Pair, after: np.ndarray) -> Pair:
    from dataclasses import replace

    return replace(pair, after=np.ascontiguousarray(after))


@pytest.fixture(scope="session")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two scenes of 128 x 160 pixels with 0/255 masks; one is in no georeference."""
    folder = tmp_path_factory.mktemp("scenes")
    for number in range(2):
        draw = generator("scene", number)
        mask = np.zeros((128, 160), np.uint8)
        for row in range(4, 120, 24):
            for column in range(4, 150, 24):
                height, width = draw.integers(8, 16, 2)
                mask[row : row + height, column : column + width] = 255
        image = build(texture("scene", number, size=mask.shape), mask > 0, number)
        imsave(folder / f"place{number}.png", image.transpose(1, 2, 0), check_contrast=False)
        imsave(folder / f"place{number}_mask.png", mask, check_contrast=False)
    return folder


@pytest.fixture(scope="session")
def make_series(scenes: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Series by the copy synthesizer, each kind made once."""
    made: dict[tuple[object, ...], Path] = {}

    def make(format: str = "zarr", steps: int = 2, variants: int = 1, tile_size: int = 64) -> Path:
        key = (format, steps, variants, tile_size)
        if key not in made:
            folder = tmp_path_factory.mktemp("series") / "out"
            options = GenerateOptions(
                inputs=(str(scenes),),
                output=str(folder),
                format=format,
                steps=steps,
                variants=variants,
                tile_size=tile_size,
                changes_per_step="1:3",
                events="create=2,remove=1",
                synthesizer="copy",
                device="cpu",
                shard_samples=4,
            )
            assert generate(options).exit_code == 0
            made[key] = folder
        return made[key]

    return make
