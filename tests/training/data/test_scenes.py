"""Data sets that fit in memory keep their crops for ever; larger ones are streamed, and give the same kind."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely

from changen_cli.errors import TrainingError
from changen_cli.training.config.source import DataConfig
from changen_cli.training.data.crops import Crop, CropSampler
from changen_cli.training.data.discover import Limits, load_scenes
from changen_cli.training.data.loader import batches
from changen_cli.training.data.samplers import CropBatches
from changen_cli.training.data.scenes import Drawable, StreamedScene

MakeSampler = Callable[..., CropSampler]

PINNED = {
    "train": "ec95f2efbd37eb53f1d45acb99752079",
    "val": "8c210d421f58b4acd9677eee02556e3f",
    "jittered masks": "4fd018a78ca3942ca4929a8fe418bfba",
}
"""Digests of crops: a run that was started must go on with the same ones."""

PINNED_WITH = {
    "numpy": "2.4.6",
    "rasterio": "1.4.4",
    "shapely": "2.2.0",
    "torch": "2.14.1",
    "GDAL": "3.10.3",
    "GEOS": "3.14.1",
}
"""The libraries that these were made with."""

STREAMED = Limits(memory=0)


def libraries() -> dict[str, str]:
    """Versions of all that has a say in a crop."""
    found = {name: version(name) for name in ("numpy", "rasterio", "shapely", "torch")}
    return {**found, "GDAL": rasterio.__gdal_version__, "GEOS": shapely.geos_version_string}


def digest(sampler: CropSampler, count: int, *, images: bool = True) -> str:
    """Sums up crops; without images where these are resampled, since that may round otherwise on other machines."""
    total = hashlib.blake2b(digest_size=16)
    for k in range(count):
        crop = sampler[k]
        for part in (crop.image, crop.before, crop.after, crop.instances)[0 if images else 1 :]:
            total.update(part.tobytes())
    return total.hexdigest()


@pytest.mark.pinned
def test_crops_of_a_set_in_memory_never_change(written: DataConfig, make_sampler: MakeSampler) -> None:
    train, val = load_scenes([written])
    found = {
        name: digest(make_sampler(scenes, stream=name, scale=(1, 1)), 24)
        for name, scenes in (("train", train), ("val", val))
    }
    found["jittered masks"] = digest(make_sampler(train, scale=(0.6, 1.4)), 24, images=False)
    now = libraries()
    others = [f"{name} {now[name]}, not {old}" for name, old in PINNED_WITH.items() if now[name] != old]
    why = f"look at what changed in {'; '.join(others)}" if others else "changen draws other crops"
    assert found == PINNED, (
        f"{why}; if that is meant, pin these digests with the versions {now}, and say so in the changelog"
    )


def same(one: Crop, other: Crop) -> bool:
    names = ("image", "valid", "before", "after", "instances")
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)


def streamed(scene: Drawable) -> StreamedScene:
    assert isinstance(scene, StreamedScene)
    return scene


def test_streamed_crops_are_those_of_memory(towns: DataConfig, make_sampler: MakeSampler) -> None:
    """Where all pixels are valid and all scenes have buildings; and in any order, with any cache."""
    held = make_sampler(load_scenes([towns])[0])
    train, val = load_scenes([towns], limits=STREAMED)
    assert [s.id for s in train] == ["town_0", "town_1"]
    assert [s.id for s in val] == ["town_2"]
    assert all(isinstance(s, StreamedScene) for s in (*train, *val))
    sampler, forgetful = make_sampler(train), make_sampler(load_scenes([towns], limits=Limits(memory=0, cache=0))[0])
    for k in (3, 0, 7, 5, 1, 2, 6, 4):
        assert same(sampler[k], held[k])
        assert same(forgetful[k], held[k])
    assert len(streamed(forgetful.scenes[0]).cache.kept) == 1


def test_a_cache_goes_to_other_processes_empty(towns: DataConfig) -> None:
    train, _ = load_scenes([towns], limits=STREAMED)
    read = train[0].load()
    copy = pickle.loads(pickle.dumps(train))
    assert streamed(train[0]).cache.kept == [read]
    assert streamed(copy[0]).cache.kept == []
    assert streamed(copy[0]).cache.kept_bytes == 0
    assert np.array_equal(copy[0].load().image, read.image)


def test_the_cache_stays_within_its_budget_and_keeps_what_was_used_last(towns: DataConfig) -> None:
    (first, second), (third,) = load_scenes([towns], limits=STREAMED)
    cache = streamed(first).cache
    cache.budget = 2 * first.load().kept_bytes + 100_000
    assert second.load() is second.load()
    first.load()
    third.load()
    assert [scene.id for scene in cache.kept] == ["town_0", "town_2"]
    assert cache.kept_bytes == sum(scene.kept_bytes for scene in cache.kept) <= cache.budget


def blank(folder: Path, name: str, *, mask: bool = False, valid: bool = False) -> None:
    """Takes the buildings of a written scene away, or all its valid pixels."""
    for path, wanted in ((f"{name}_mask.tif", mask), (f"{name}.tif", valid)):
        if wanted:
            with rasterio.open(folder / path, "r+") as dataset:
                dataset.write(np.zeros((dataset.count, dataset.height, dataset.width), np.uint8))
                if path == f"{name}.tif":
                    dataset.write_mask(np.zeros((dataset.height, dataset.width), np.uint8))


def test_scenes_without_footprints_are_drawn_again(
    folder: Path, written: DataConfig, make_sampler: MakeSampler
) -> None:
    blank(folder, "a", mask=True)
    train, _ = load_scenes([written], limits=STREAMED)
    assert [s.id for s in train] == ["a", "b"]
    sampler, only = make_sampler(train), make_sampler(train[1:])
    assert {sampler.draw_scene(np.random.default_rng(k)).id for k in range(20)} == {"b"}
    assert sampler[0].before.any()
    assert only[0].before.any()
    blank(folder, "b", mask=True)
    empty = make_sampler(load_scenes([written], limits=STREAMED)[0])[0]  # nothing to change but to build
    assert not empty.before.any()
    assert empty.image.any()
    for name in ("a", "b"):
        blank(folder, name, valid=True)
    with pytest.raises(TrainingError, match=r"20 scenes in a row, the last [ab], have no valid pixel"):
        make_sampler(load_scenes([written], limits=STREAMED)[0])[0]


@pytest.mark.parametrize("workers", [0, 1])
def test_a_damaged_file_stops_training_with_one_line(
    folder: Path, written: DataConfig, make_sampler: MakeSampler, workers: int
) -> None:
    train, _ = load_scenes([written], limits=STREAMED)
    for name in ("a", "b"):
        path = folder / f"{name}.tif"
        path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(TrainingError, match=r"[ab]\.tif.*then run the same command again") as error:
        next(iter(batches(CropBatches(make_sampler(train), 4), 0, 1, batch_size=2, workers=workers)))
    assert "\n" not in str(error.value)


def test_an_unknown_class_is_refused_when_it_is_met(written: DataConfig, make_sampler: MakeSampler) -> None:
    train, _ = load_scenes([written], limits=STREAMED)
    for scene in train:
        read = scene.load()
        read.footprints = tuple(replace(f, category=4) for f in read.footprints)
    with pytest.raises(TrainingError, match=r"scene [ab]: has footprints of class 4.*classes 0 to 1"):
        make_sampler(train)[0]
