from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from shapely.geometry import Polygon, box
from skimage.measure import label
from skimage.morphology import dilation, erosion
from torch import Tensor

from changen_cli.errors import TrainingError
from changen_cli.scenes.layout import Footprint, Layout
from changen_cli.scenes.tile import Tile
from changen_cli.training.config.options import DataConfig, TrainConfig, parse_config
from changen_cli.training.data import crops as data
from changen_cli.training.data.crops import CropSampler, TrainingScene, load_scenes, scene_shares
from changen_cli.training.data.loader import batches


@pytest.fixture(scope="module")
def scenes(tiny_scenes: Path) -> list[TrainingScene]:
    return load_scenes([DataConfig(str(tiny_scenes))])[0]


@pytest.fixture
def config(tiny_recipe: dict[str, Any]) -> TrainConfig:
    return parse_config(tiny_recipe)


def roofs(image: np.ndarray) -> np.ndarray:
    """Where the roof's colour is; half way to the ground's at a blurred edge."""
    found: np.ndarray = (image[0] > 190) & (image[1] < 60)
    return found


def test_image_and_layout_stay_aligned_under_every_flip_and_turn() -> None:
    outlines = (Polygon([(3, 4), (30, 4), (30, 12), (11, 12), (11, 25), (3, 25)]), box(40, 50, 62, 55))
    layout = Layout(64, 64, tuple(Footprint(n + 1, outline) for n, outline in enumerate(outlines)))
    image = np.random.default_rng(0).integers(60, 140, (3, 64, 64)).astype(np.uint8)
    image[:, layout.rasterize()[0] > 0] = np.array([[250], [10], [10]])
    seen = set()
    for turn in range(8):
        turned, moved = data._dihedral(image, layout, turn)
        assert np.array_equal(moved.rasterize()[0] > 0, roofs(turned))
        assert [f.uid for f in moved.footprints] == [1, 2]
        seen.add(turned.tobytes())
    assert len(seen) == 8


def test_all_eight_are_drawn(scenes: list[TrainingScene], config: TrainConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    real = data._dihedral
    monkeypatch.setattr(data, "_dihedral", lambda image, layout, turn: drawn.append(turn) or real(image, layout, turn))
    sampler = CropSampler(scenes, config, "train")
    for k in range(60):
        sampler[k]
    assert set(drawn) == set(range(8))


@pytest.mark.parametrize("scale", [(1.0, 1.0), (0.5, 0.5), (1.7, 1.7), (0.75, 1.5)])
def test_image_and_mask_of_samples_are_aligned(
    scenes: list[TrainingScene], config: TrainConfig, scale: tuple[float, float]
) -> None:
    sampler = CropSampler(scenes, replace(config, scale=scale), "train")
    wrong = 0.0
    for k in range(12):
        sample = sampler[k]
        assert sample.image.shape == (3, 64, 64)
        assert sample.image.dtype == sample.before.dtype == sample.after.dtype == np.uint8
        found, mask = roofs(sample.image), sample.before > 0
        edge = dilation(mask, np.ones((3, 3))) != erosion(mask, np.ones((3, 3)))
        inner = np.s_[3:-3, 3:-3]  # slivers at the border of a crop are not worth an object
        assert not ((found != mask) & ~edge)[inner].any()
        wrong += (found != mask).mean() / 12
    # half a pixel of shift would move half of every edge; a mask that is merely close is not good enough
    assert wrong == 0 if scale == (1.0, 1.0) else wrong < 0.02


@pytest.mark.parametrize("own", [False, True], ids=["of the run", "of the source"])
@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0])
def test_scale_is_the_size_of_things(config: TrainConfig, factor: float, own: bool) -> None:
    layout = Layout(256, 256, (Footprint(1, box(120, 120, 140, 136)),))
    source = DataConfig("a", scale=(factor, factor) if own else None)
    scene = TrainingScene(_tile(np.zeros((3, 256, 256), np.uint8), layout), (), source)
    config = replace(config, crop=128, scale=(1.0, 1.0) if own else (factor, factor))
    areas = [int(CropSampler([scene], config, "train")[k].before.sum()) for k in range(12)]
    assert max(areas) == 20 * 16 * factor**2


def test_a_scene_smaller_than_the_crop_is_enlarged(scenes: list[TrainingScene]) -> None:
    sample = CropSampler(scenes, TrainConfig(crop=256, scale=(1, 1)), "train")[0]
    assert sample.image.shape == (3, 256, 256)
    assert sample.before.any()


def test_crops_have_building_where_the_scene_has_it(config: TrainConfig) -> None:
    image = np.zeros((3, 512, 512), np.uint8)
    layout = Layout(512, 512, (Footprint(1, box(400, 300, 430, 330)),))
    scene = data.TrainingScene(_tile(image, layout), (), DataConfig("a"))
    sampler = CropSampler([scene], replace(config, crop=128, scale=(1, 1)), "train")
    # one window in about 14 has it, and 30 are looked at
    assert sum(sampler[k].before.any() for k in range(30)) >= 24


def _tile(image: np.ndarray, layout: Layout) -> Any:
    valid = np.ones(image.shape[1:], bool)
    return Tile("s", "all", image, valid, layout, None, None, Polygon())


def objects(mask: np.ndarray) -> np.ndarray:
    """Numbers the parts that hang together by edges."""
    found: np.ndarray = label(mask > 0, connectivity=1)
    return found


def test_removing_takes_whole_objects_and_nothing_else(scenes: list[TrainingScene], config: TrainConfig) -> None:
    sampler = CropSampler(scenes, replace(config, create=0, remove=0.5, scale=(1, 1)), "train")
    removed = 0
    for k in range(20):
        sample = sampler[k]
        assert not ((sample.after > 0) & (sample.before == 0)).any()
        parts = objects(sample.before)
        gone = 0
        for n in range(1, parts.max() + 1):
            kept = (sample.after[parts == n] > 0).mean()
            assert kept in (0, 1)
            gone += kept == 0
        assert gone <= np.ceil(parts.max() / 2)
        removed += gone
    assert removed > 5


def test_creating_adds_a_few_objects_on_free_ground(scenes: list[TrainingScene], config: TrainConfig) -> None:
    sampler = CropSampler(scenes, replace(config, create=3, remove=0.0, scale=(1, 1)), "train")
    created = 0
    for k in range(20):
        sample = sampler[k]
        assert ((sample.after > 0) >= (sample.before > 0)).all()
        new = objects((sample.after > 0) & (sample.before == 0)).max()
        assert new <= 3
        created += new
        # a gap is kept: what is new does not hang together with what was there
        assert objects(sample.after).max() == objects(sample.before).max() + new
    assert created > 15


def test_image_shows_before_and_not_after(scenes: list[TrainingScene], config: TrainConfig) -> None:
    """S_t and S_t+1 swapped would train just as smoothly."""
    sampler = CropSampler(scenes, replace(config, scale=(1, 1)), "train")
    differ = 0
    for k in range(10):
        sample = sampler[k]
        assert np.array_equal(roofs(sample.image), sample.before > 0)
        differ += (sample.before != sample.after).any()
    assert differ >= 9


def test_a_sample_is_a_function_of_seed_stream_and_number(scenes: list[TrainingScene], config: TrainConfig) -> None:
    def content(sampler: CropSampler, k: int) -> bytes:
        sample = sampler[k]
        return sample.image.tobytes() + sample.before.tobytes() + sample.after.tobytes()

    one, two = CropSampler(scenes, config, "train"), CropSampler(scenes, config, "train")
    first = [content(one, k) for k in range(4)]
    torch.manual_seed(123)
    np.random.seed(9)  # noqa: NPY002
    assert [content(two, k) for k in reversed(range(4))] == first[::-1]
    assert len(set(first)) == 4
    assert content(CropSampler(scenes, replace(config, seed=6), "train"), 0) not in first
    assert content(CropSampler(scenes, config, "val"), 0) not in first


def same(first: list[dict[str, Tensor]], second: list[dict[str, Tensor]]) -> bool:
    return len(first) == len(second) and all(
        a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a) for a, b in zip(first, second, strict=True)
    )


def test_workers_and_resuming_change_nothing(scenes: list[TrainingScene], config: TrainConfig) -> None:
    sampler = CropSampler(scenes, config, "train")
    plain = list(batches(sampler, 0, 5, 0))
    for workers in (1, 2):
        assert same(list(batches(sampler, 0, 5, workers)), plain)
    assert same(list(batches(sampler, 3, 5, 0)), plain[3:])
    assert same(list(batches(sampler, 3, 5, 2)), plain[3:])
    assert list(batches(sampler, 5, 5, 0)) == []
    assert not same(plain[:1], plain[1:2])


def test_batches(scenes: list[TrainingScene], config: TrainConfig) -> None:
    (batch,) = batches(CropSampler(scenes, config, "train"), 0, 1, 0)
    assert batch["image"].shape == (2, 3, 64, 64)
    assert batch["image"].dtype == batch["before"].dtype == batch["after"].dtype == torch.uint8
    assert batch["before"].shape == batch["after"].shape == (2, 64, 64)
    assert batch["noise"].shape == (2, 16)
    assert batch["noise"].dtype == torch.float32
    assert not torch.equal(batch["noise"][0], batch["noise"][1])
    assert not torch.equal(batch["image"][0], batch["image"][1])


def test_shares() -> None:
    def scene(pixels: int, source: DataConfig) -> TrainingScene:
        image = np.zeros((3, 1, pixels), np.uint8)
        return TrainingScene(_tile(image, Layout(1, pixels, (Footprint(1, box(0, 0, 1, 1)),))), (), source)

    a, b = DataConfig("a"), DataConfig("b")
    assert scene_shares([scene(30, a), scene(10, a), scene(60, b)]).tolist() == [0.3, 0.1, 0.6]
    a, b = DataConfig("a", share=0.8), DataConfig("b", share=0.2)
    given = scene_shares([scene(30, a), scene(10, a), scene(600, b)]).tolist()
    assert given == pytest.approx([0.6, 0.2, 0.2])


def test_validation_and_excluded_scenes_are_kept_apart(tiny_scenes: Path) -> None:
    train, val = load_scenes([DataConfig(str(tiny_scenes), val=("*_2",), exclude=("town_1",))])
    assert [s.id for s in train] == ["town_0"]
    assert [s.id for s in val] == ["town_2"]


def test_scenes_without_building_are_left_out(
    tmp_path: Path, town_pixels: Callable[..., tuple[np.ndarray, np.ndarray]]
) -> None:
    from skimage.io import imsave

    for name, buildings in (("bare", 0), ("town", 5)):
        image, mask = town_pixels(0, buildings=buildings)
        imsave(tmp_path / f"{name}.png", image, check_contrast=False)
        imsave(tmp_path / f"{name}_mask.png", mask, check_contrast=False)
    train, _ = load_scenes([DataConfig(str(tmp_path))])
    assert [s.id for s in train] == ["town"]
    with pytest.raises(TrainingError, match="no training scene with buildings in"):
        load_scenes([DataConfig(str(tmp_path), exclude=("town",))])
    with pytest.raises(TrainingError, match="name a folder with --data"):
        load_scenes([])


def test_a_killed_worker_is_one_clear_error(tiny_recipe: dict[str, Any]) -> None:
    import multiprocessing
    import os
    import signal

    config = parse_config(tiny_recipe)
    stream = batches(CropSampler(load_scenes(config.data)[0], config, "train"), 0, 1000, 1)
    next(stream)
    for child in multiprocessing.active_children():
        os.kill(child.pid, signal.SIGKILL)
    with pytest.raises(TrainingError, match=r"a process that prepares crops died.*goes on from its last checkpoint"):
        list(stream)
