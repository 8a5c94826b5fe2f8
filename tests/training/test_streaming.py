"""Data sets that fit in memory keep their samples for ever; larger ones are streamed, and give the same kind."""

from __future__ import annotations

import hashlib
import pickle
import runpy
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from changen_cli.errors import SceneError, TrainingError
from changen_cli.training.config.crops import CropOptions
from changen_cli.training.config.options import DataConfig, TrainConfig, parse_config
from changen_cli.training.data import scenes as scenes_module
from changen_cli.training.data.crops import Crop, CropSampler
from changen_cli.training.data.loader import batches
from changen_cli.training.data.scenes import Drawable, StreamedScene, TrainingScene, load_scenes
from changen_cli.training.train import train as train_run

GOLDEN = {
    "train": "78423b3b01547e25c0468d3408a6a155",
    "val": "f00b1e945924338fc80fa003f88fa986",
    "jittered masks": "eb0e7984fcca7f35e14ec8298b6d0a1c",
}
"""Of crops as drawn since training simulates as generating does: a run that was started must go on with the same."""


def write_scene(folder: Path, name: str, side: int, key: int) -> None:
    """Writes a picture with a band of it not valid, and a mask of rectangles."""
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
    return TrainConfig(**{"data": data, "crops": CropOptions(size=64, scale=(1.0, 1.0)), "seed": 5, **changes})


def make_sampler(scenes: Sequence[Drawable], config: TrainConfig, stream: str = "train") -> CropSampler:
    return CropSampler(scenes, config.crops, seed=config.seed, stream=stream, classes=config.classes)


def test_samples_of_a_set_in_memory_never_change(folder):
    config = make_config(folder)
    train, val = load_scenes(config.data)
    found = {name: digest(make_sampler(s, config, name), 24) for name, s in (("train", train), ("val", val))}
    jittered = make_sampler(train, make_config(folder, crops=CropOptions(size=64, scale=(0.6, 1.4))))
    assert {**found, "jittered masks": digest(jittered, 24, images=False)} == GOLDEN


def stream(monkeypatch: pytest.MonkeyPatch, **changes: int) -> None:
    """Makes every data set too large for memory."""
    monkeypatch.setattr(scenes_module, "MEMORY_BYTES", 0)
    for name, value in changes.items():
        monkeypatch.setattr(scenes_module, name, value)


def same(one: Crop, other: Crop) -> bool:
    names = ("image", "valid", "before", "after", "instances")
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)


@pytest.fixture
def towns(tiny_recipe: dict[str, Any]) -> TrainConfig:
    """A recipe on three scenes, PNG with masks, all of whose pixels are valid."""
    return parse_config(tiny_recipe)


def test_streamed_samples_are_those_of_memory(towns, monkeypatch):
    """Where all pixels are valid and all scenes have buildings; and in any order, with any cache."""
    held = make_sampler(load_scenes(towns.data)[0], towns)
    stream(monkeypatch)
    train, val = load_scenes(towns.data)
    assert [s.id for s in train] == ["town_0", "town_1"]
    assert [s.id for s in val] == ["town_2"]
    assert all(isinstance(s, StreamedScene) for s in (*train, *val))
    streamed = make_sampler(train, towns)
    forgetful = make_sampler(pickle.loads(pickle.dumps(train)), towns)
    forgetful.scenes[0].cache._budget = 0
    for k in (3, 0, 7, 5, 1, 2, 6, 4):
        assert same(streamed[k], held[k])
        assert same(forgetful[k], held[k])
    assert len(forgetful.scenes[0].cache._kept) == 1


def test_the_cache_stays_within_its_budget_and_keeps_what_was_used_last(towns, monkeypatch):
    stream(monkeypatch)
    train, val = load_scenes(towns.data)
    first, second, third = (*train, *val)
    cache = first.cache
    cache._budget = 2 * first.load().kept_bytes + 100_000
    assert second.load() is second.load()
    first.load()
    third.load()
    assert [scene.id for scene in cache._kept.values()] == ["town_0", "town_2"]
    assert cache._bytes == sum(scene.kept_bytes for scene in cache._kept.values()) <= cache._budget


def test_streaming_begins_above_the_budget(towns, monkeypatch):
    size = 3 * 144 * 160 * scenes_module.BYTES_PER_PIXEL
    monkeypatch.setattr(scenes_module, "MEMORY_BYTES", size)
    assert isinstance(load_scenes(towns.data)[0][0], TrainingScene)
    monkeypatch.setattr(scenes_module, "MEMORY_BYTES", size - 1)
    assert isinstance(load_scenes(towns.data)[0][0], StreamedScene)


def test_a_large_scene_is_drawn_in_blocks(folder, monkeypatch):
    stream(monkeypatch, LARGE=60_000, BLOCK=128)
    config = make_config(folder)
    train, _ = load_scenes(config.data)
    assert [s.id for s in train] == ["a"] * 9 + ["b"]
    assert {s.pixels for s in train} == {128 * 128, 200 * 200}
    block = train[4].load()
    with rasterio.open(folder / "a.tif") as dataset:
        assert np.array_equal(block.image, dataset.read()[:, 128:256, 128:256])
    assert block.mask.shape == (128, 128)
    sampler = make_sampler(train, config)
    assert np.allclose(sampler.shares, np.array([128**2] * 9 + [200**2]) / (9 * 128**2 + 200**2))
    assert sampler[0].image.shape == (3, 64, 64)


def test_scenes_without_footprints_are_drawn_again(folder, monkeypatch):
    def bare(name: str, *, mask: bool = True, valid: bool = True) -> None:
        for path, change in ((f"{name}_mask.tif", mask), (f"{name}.tif", valid)):
            if not change:
                with rasterio.open(folder / path, "r+") as dataset:
                    dataset.write(np.zeros((dataset.count, dataset.height, dataset.width), np.uint8))
                    if path == f"{name}.tif":
                        dataset.write_mask(np.zeros((dataset.height, dataset.width), np.uint8))

    stream(monkeypatch)
    config = make_config(folder)
    bare("a", mask=False)
    train, _ = load_scenes(config.data)
    assert [s.id for s in train] == ["a", "b"]
    sampler = make_sampler(train, config)
    only = make_sampler(train[1:], config)
    assert sampler._scene(np.random.default_rng(0)).id == "b"
    assert {sampler._scene(np.random.default_rng(k)).id for k in range(20)} == {"b"}
    assert sampler[0].before.any()
    assert only[0].before.any()
    bare("b", mask=False)
    empty = make_sampler(load_scenes(config.data)[0], config)[0]  # nothing to change but to build
    assert not empty.before.any()
    assert empty.image.any()
    for name in ("a", "b"):
        bare(name, valid=False)
    with pytest.raises(TrainingError, match=r"20 scenes in a row, the last [ab], have no valid pixel"):
        make_sampler(load_scenes(config.data)[0], config)[0]


@pytest.mark.parametrize("workers", [0, 1])
def test_a_damaged_file_stops_training_with_one_line(folder, monkeypatch, workers):
    stream(monkeypatch)
    config = make_config(folder)
    train, _ = load_scenes(config.data)
    for name in ("a", "b"):
        path = folder / f"{name}.tif"
        path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(TrainingError, match=r"[ab]\.tif.*then run the same command again") as error:
        next(iter(batches(make_sampler(train, config), 0, 1, batch_size=2, noise_dim=4, workers=workers)))
    assert "\n" not in str(error.value)


def test_an_unknown_class_is_refused_when_it_is_met(folder, monkeypatch):
    stream(monkeypatch)
    config = make_config(folder)
    train, _ = load_scenes(config.data)
    for scene in train:
        read = scene.load()
        read.footprints = tuple(replace(f, category=4) for f in read.footprints)
    with pytest.raises(TrainingError, match=r"scene [ab]: has footprints of class 4.*classes 0 to 1"):
        make_sampler(train, config)[0]


@pytest.fixture(scope="module")
def xbd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fake xBD tree: in train a scene without buildings, and two disasters in every split."""
    write: Callable[..., Path] = runpy.run_path(str(Path(__file__).parents[1] / "data" / "make_xbd.py"))["write_xbd"]
    return write(tmp_path_factory.mktemp("xbd") / "xview2", 160, 1, 20)


@pytest.mark.parametrize("streamed", [False, True])
def test_xbd_trains_on_train_and_tier3_and_holds_out_hold(xbd, monkeypatch, streamed):
    if streamed:
        stream(monkeypatch)
    train, val = load_scenes([DataConfig(str(xbd))])
    assert [s.id for s in train] == [
        "joplin-tornado_00000000",
        "portugal-wildfire_00000000",
        "guatemala-volcano_00000000",
    ]
    assert [s.id for s in val] == ["guatemala-volcano_00000002", "hurricane-michael_00000002"]
    assert isinstance(train[0], StreamedScene) == streamed
    train, val = load_scenes([DataConfig(str(xbd), val=("joplin*", "*_00000001"), exclude=("portugal*",))])
    assert [s.id for s in train] == ["guatemala-volcano_00000000"]
    assert {s.id for s in val} >= {
        "joplin-tornado_00000000",
        "guatemala-volcano_00000001",
        "guatemala-volcano_00000002",
    }


def test_what_is_held_out_is_never_trained_on(xbd):
    for split, said in (
        ("hold", "2 scenes are held out for validation, 0 for tests"),
        ("test", r"\(0 .*, 2 for tests"),
    ):
        with pytest.raises(TrainingError, match=f"no training scene with buildings in: .*{said}"):
            load_scenes([DataConfig(str(xbd / split))])


def test_a_missing_label_stops_training_before_it_starts(xbd, tmp_path):
    root = tmp_path / "xview2"
    shutil.copytree(xbd, root)
    (root / "train" / "labels" / "guatemala-volcano_00000000_pre_disaster.json").unlink()
    (root / "train" / "targets" / "guatemala-volcano_00000000_pre_disaster_target.png").unlink()
    with pytest.raises(SceneError, match=r"guatemala-volcano_00000000_pre_disaster\.json: no such label file"):
        load_scenes([DataConfig(str(root))])
    assert len(load_scenes([DataConfig(str(root), exclude=("guatemala-volcano_00000000",))])[0]) == 2


@pytest.mark.parametrize("workers", [0, 1])
def test_a_run_on_streamed_xbd(xbd, tiny_recipe, tmp_path, monkeypatch, workers):
    stream(monkeypatch)
    recipe = {**tiny_recipe, "data": str(xbd), "workers": workers}
    assert train_run(parse_config(recipe), tmp_path / "run").exists()
    lines = (tmp_path / "run" / "losses.csv").read_text().splitlines()
    assert len(lines) == 1 + recipe["iterations"]
