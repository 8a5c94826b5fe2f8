from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import rasterio
from affine import Affine
from skimage.io import imsave

from changen_cli.errors import StoreError, UsageError
from changen_cli.metrics.reference import open_reference, read_options, tiles_without_series, whole_areas
from changen_cli.pipeline.generate import generate
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.scenes.options import ReadOptions
from changen_cli.store.series import open_series

Series = Callable[..., Path]
SIZE = (64, 64)


def test_tiles_of_scenes_are_those_of_generate(scenes: Path, generate_series: Series) -> None:
    reference = open_reference([str(scenes)], SIZE, ReadOptions())
    real = {image.id: image for image in reference if image is not None}
    data = open_series(generate_series())
    assert len(reference) == len(real) == len(data) == 2 * 2 * 3
    for sample in data:
        np.testing.assert_array_equal(real[sample.id].image, sample.image[0])
        assert sorted(real[sample.id].areas) == pytest.approx(sorted(whole_areas(sample)))


def test_cut_footprints_have_no_size(generate_series: Series) -> None:
    sample = open_series(generate_series())[0]
    assert sample.instance is not None
    instance = sample.instance[0]
    border = set(np.concatenate((instance[0], instance[-1], instance[:, 0], instance[:, -1])).tolist())
    inside = {uid for uid in np.unique(instance).tolist() if uid and uid not in border}
    assert len(whole_areas(sample)) == len(inside) > 0
    assert border - {0}


@pytest.mark.parametrize("format", ["zarr", "levir"])
def test_series_gives_its_real_frames_once(generate_series: Series, format: str) -> None:
    reference = open_reference([str(generate_series(format, steps=1, variants=2))], SIZE, ReadOptions())
    images = list(reference)
    data = open_series(generate_series(steps=2))
    assert len(reference) == len(images) == len(data)
    for image, sample in zip(images, data, strict=True):
        assert image is not None
        np.testing.assert_array_equal(image.image, sample.image[0])
        assert bool(image.areas) == (format == "zarr")


def test_limit_spreads_over_scenes(scenes: Path, generate_series: Series) -> None:
    for inputs in ([str(scenes)], [str(generate_series())]):
        reference = open_reference(inputs, SIZE, ReadOptions(), limit=4)
        ids = [image.id for image in reference if image is not None]
        assert len(reference) == len(ids) == 4
        assert sum("place0" in name for name in ids) == 2


def test_other_sizes_are_refused(generate_series: Series) -> None:
    with pytest.raises(UsageError, match="64 x 64 pixels, those of the series 32 x 32"):
        open_reference([str(generate_series())], (32, 32), ReadOptions())


def test_splits(scenes: Path, generate_series: Series) -> None:
    with pytest.raises(UsageError, match="no scene of the split 'val'"):
        open_reference([str(scenes)], SIZE, ReadOptions(), split="val")
    root = generate_series()
    splits = {sample.split for sample in open_series(root)}
    counts = [len(open_reference([str(root)], SIZE, ReadOptions(), split=split)) for split in sorted(splits)]
    assert sum(counts) == 12
    with pytest.raises(StoreError, match="has no split"):
        open_reference([str(root)], SIZE, ReadOptions(), split="nope")


def _write(path: Path, image: np.ndarray, **profile: object) -> None:
    options = {"driver": "GTiff", "dtype": "uint8", "count": 3, "height": image.shape[1], "width": image.shape[2]}
    with rasterio.open(path, "w", **(options | profile)) as file:
        file.write(image)


def test_scenes_without_georeference_are_told_of(tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(1, 255, (3, 64, 128)).astype(np.uint8)
    _write(tmp_path / "a.tif", image)
    _write(tmp_path / "b.tif", image, crs="EPSG:32636", transform=Affine(0.25, 0, 500000, 0, -0.25, 100000))
    options = ReadOptions(resolution=0.5, resolution_optional=True)
    reference = open_reference([str(tmp_path)], (32, 32), options)
    assert reference.notes == (
        "1 of 2 reference scenes have no georeference and were read at their own pixels, not at 0.5 m",
    )
    assert len(reference) == 2 * 4 + 1 * 2


def test_tiles_with_too_little_data_are_left_out(tmp_path: Path) -> None:
    image = np.full((3, 64, 128), 90, np.uint8)
    image[:, :, 70:] = 0
    _write(tmp_path / "a.tif", image, nodata=0)
    images = list(open_reference([str(tmp_path)], SIZE, ReadOptions(), min_valid=0.5))
    assert [image is None for image in images] == [False, True]


def _write_png_pair(folder: Path) -> None:
    """Writes a scene of two tiles of 64 x 64 pixels; only the left one has a building."""
    mask = np.zeros((64, 128), np.uint8)
    mask[20:40, 20:40] = 255
    image = np.random.default_rng(0).integers(1, 255, (64, 128, 3)).astype(np.uint8)
    imsave(folder / "a.png", image, check_contrast=False)
    imsave(folder / "a_mask.png", mask, check_contrast=False)


@pytest.mark.parametrize(("unchanged", "tiles"), [("skip", 1), ("keep", 2)])
def test_reference_has_the_tiles_that_the_series_have(
    unchanged: Literal["keep", "skip"], tiles: int, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    _write_png_pair(tmp_path / "in")
    options = GenerateOptions(
        inputs=(str(tmp_path / "in"),), output=str(tmp_path / "out"), events="remove", unchanged=unchanged,
        tile_size=64, variants=2, synthesizer="copy", device="cpu", workers=0,
    )  # fmt: skip
    generate(options)
    data = open_series(tmp_path / "out")
    reference = open_reference([str(tmp_path / "in")], SIZE, ReadOptions(), without=tiles_without_series(data))
    real = [image.id for image in reference if image is not None]
    assert len(real) == tiles
    assert set(real) == {sample.id.rpartition("__v")[0] for sample in data}
    notes = [
        "1 tiles of which there is no series, since they were skipped or failed, are left out of the reference too, "
        "where it has them"
    ]
    assert list(reference.notes) == (notes if unchanged == "skip" else [])


def test_options_come_from_the_series_unless_given() -> None:
    manifest = {"arguments": {"resolution": 0.4, "rescale": "0:3000", "bands": [4, 3, 2]}}
    options = read_options(manifest, None, None, None)
    assert (options.resolution, options.rescale, options.bands) == (0.4, "0:3000", None)
    assert options.resolution_optional
    options = read_options(manifest, 1.0, (1, 2, 3), "auto")
    assert (options.resolution, options.rescale, options.bands) == (1.0, "auto", (1, 2, 3))
