"""Data sets that fit in memory keep their samples for ever; larger ones are streamed, and give samples of the same kind."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import rasterio

from changen_cli.training.config import DataConfig, TrainConfig
from changen_cli.training.data import CropSampler, load_scenes

GOLDEN = {
    "train": "",
    "val": "",
}
"""Of samples as they were drawn before streaming was built: a run that was started then must go on with the same ones."""


def write_scene(folder: Path, name: str, side: int, key: int) -> None:
    """Writes a picture and a mask of rectangles; half of it, and a band of it without pixels, for the sampler to judge."""
    draw = np.random.default_rng(key)
    image = draw.integers(1, 255, (3, side, side), dtype=np.uint8)
    mask = np.zeros((side, side), np.uint8)
    for row, column in draw.integers(0, side - 30, (side // 6, 2)).tolist():
        height, width = draw.integers(8, 28, 2).tolist()
        mask[row : row + height, column : column + width] = 1
    valid = np.full((side, side), 255, np.uint8)
    valid[:, : side // 8] = 0
    place = {"driver": "GTiff", "height": side, "width": side, "dtype": "uint8"}
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        rasterio.open(folder / f"{name}.tif", "w", count=3, **place) as dataset,
    ):
        dataset.write(image)
        dataset.write_mask(valid)
    with rasterio.open(folder / f"{name}_mask.tif", "w", count=1, **place) as dataset:
        dataset.write(mask, 1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three scenes of two sizes, one of them for validation."""
    for key, (name, side) in enumerate((("a", 320), ("b", 200), ("held", 256))):
        write_scene(tmp_path, name, side, key)
    return tmp_path


def digest(sampler: CropSampler, count: int, *, images: bool = True) -> str:
    """Sums up samples; without images where these are resampled, since that may round otherwise on other machines."""
    total = hashlib.blake2b(digest_size=16)
    for k in range(count):
        sample = sampler[k]
        for part in (sample.image, sample.before, sample.after)[0 if images else 1 :]:
            total.update(part.tobytes())
    return total.hexdigest()


def make_config(folder: Path, **changes: object) -> TrainConfig:
    data = (DataConfig(str(folder), val=("held",)),)
    return TrainConfig(**{"data": data, "crop": 64, "scale": (1.0, 1.0), "seed": 5, **changes})


def test_samples_of_a_set_in_memory_never_change(folder):
    config = make_config(folder)
    train, val = load_scenes(config.data)
    found = {name: digest(CropSampler(s, config, name), 24) for name, s in (("train", train), ("val", val))}
    jittered = CropSampler(train, make_config(folder, scale=(0.6, 1.4)), "train")
    assert {**found, "jittered masks": digest(jittered, 24, images=False)} == GOLDEN
