"""Which scenes are trained on, held out and left alone; and from which size on they are streamed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from skimage.io import imsave

from changen_cli.errors import SceneError, TrainingError
from changen_cli.training.config.source import DataConfig
from changen_cli.training.data.crops import CropSampler
from changen_cli.training.data.discover import BYTES_PER_PIXEL, Limits, load_scenes, unsuited
from changen_cli.training.data.scenes import StreamedScene, TrainingScene
from tests.reporting import Heard

MakeSampler = Callable[..., CropSampler]

NOTHING = Limits(memory=0)
"""Every data set is too large for memory."""


def test_validation_and_excluded_scenes_are_kept_apart(tiny_scenes: Path) -> None:
    train, val = load_scenes([DataConfig(str(tiny_scenes), val=("*_2",), exclude=("town_1",))])
    assert [s.id for s in train] == ["town_0"]
    assert [s.id for s in val] == ["town_2"]


@pytest.mark.parametrize("limits", [Limits(), NOTHING], ids=["in memory", "streamed"])
def test_scenes_without_building_are_left_out_unless_they_are_wanted(
    tmp_path: Path,
    town_pixels: Callable[..., tuple[np.ndarray, np.ndarray]],
    make_sampler: MakeSampler,
    limits: Limits,
) -> None:
    for name, buildings in (("bare", 0), ("town", 5)):
        image, mask = town_pixels(0, buildings=buildings)
        imsave(tmp_path / f"{name}.png", image, check_contrast=False)
        imsave(tmp_path / f"{name}_mask.png", mask, check_contrast=False)
    data = DataConfig(str(tmp_path))
    drawn = {
        bare: {
            make_sampler(load_scenes([data], bare=bare, limits=limits)[0], bare_scenes=bare)
            .draw_scene(np.random.default_rng(k))
            .id
            for k in range(20)
        }
        for bare in (False, True)
    }
    assert drawn == {False: {"town"}, True: {"bare", "town"}}


def test_nothing_to_train_on(tiny_scenes: Path) -> None:
    with pytest.raises(TrainingError, match="no training scene with buildings in"):
        load_scenes([DataConfig(str(tiny_scenes), exclude=("town_*",))])
    with pytest.raises(TrainingError, match="name a folder with --data"):
        load_scenes([])


def test_streaming_begins_above_the_budget(towns: DataConfig) -> None:
    size = 3 * 144 * 160 * BYTES_PER_PIXEL
    assert isinstance(load_scenes([towns], limits=Limits(memory=size))[0][0], TrainingScene)
    assert isinstance(load_scenes([towns], limits=Limits(memory=size - 1))[0][0], StreamedScene)


def test_a_large_scene_is_drawn_in_blocks(folder: Path, written: DataConfig, make_sampler: MakeSampler) -> None:
    train, _ = load_scenes([written], limits=Limits(memory=0, large=60_000, block=128))
    assert [s.id for s in train] == ["a"] * 9 + ["b"]
    assert {s.pixels for s in train} == {128 * 128, 200 * 200}
    block = train[4].load()
    with rasterio.open(folder / "a.tif") as dataset:
        assert np.array_equal(block.image, dataset.read()[:, 128:256, 128:256])
    assert block.mask.shape == (128, 128)
    sampler = make_sampler(train)
    assert np.allclose(sampler.shares, np.array([128**2] * 9 + [200**2]) / (9 * 128**2 + 200**2))
    assert sampler[0].image.shape == (3, 64, 64)


@pytest.mark.parametrize("limits", [Limits(), NOTHING], ids=["in memory", "streamed"])
def test_xbd_trains_on_train_and_tier3_and_holds_out_hold(xbd: Path, limits: Limits) -> None:
    train, val = load_scenes([DataConfig(str(xbd))], limits=limits)
    assert [s.id for s in train] == [
        "joplin-tornado_00000000",
        "portugal-wildfire_00000000",
        "guatemala-volcano_00000000",
    ]
    assert [s.id for s in val] == ["guatemala-volcano_00000002", "hurricane-michael_00000002"]
    assert isinstance(train[0], StreamedScene) == (limits == NOTHING)
    data = DataConfig(str(xbd), val=("joplin*", "*_00000001"), exclude=("portugal*",))
    train, val = load_scenes([data], limits=limits)
    assert [s.id for s in train] == ["guatemala-volcano_00000000"]
    assert {s.id for s in val} >= {
        "joplin-tornado_00000000",
        "guatemala-volcano_00000001",
        "guatemala-volcano_00000002",
    }


def test_what_is_held_out_is_never_trained_on(xbd: Path) -> None:
    for split, said in (
        ("hold", "2 scenes are held out for validation, 0 for tests"),
        ("test", r"\(0 .*, 2 for tests"),
    ):
        with pytest.raises(TrainingError, match=f"no training scene with buildings in: .*{said}"):
            load_scenes([DataConfig(str(xbd / split))])


def test_a_missing_label_stops_training_before_it_starts(xbd: Path, tmp_path: Path) -> None:
    root = tmp_path / "xview2"
    shutil.copytree(xbd, root)
    (root / "train" / "labels" / "guatemala-volcano_00000000_pre_disaster.json").unlink()
    (root / "train" / "targets" / "guatemala-volcano_00000000_pre_disaster_target.png").unlink()
    with pytest.raises(SceneError, match=r"guatemala-volcano_00000000_pre_disaster\.json: no such label file"):
        load_scenes([DataConfig(str(root))])
    assert len(load_scenes([DataConfig(str(root), exclude=("guatemala-volcano_00000000",))])[0]) == 2


def test_crops_far_from_the_resolution_that_weights_are_for_are_told_of() -> None:
    fine, coarse, fitting = DataConfig("oam"), DataConfig("s2"), DataConfig("oam", scale=(0.25, 0.5))
    grounds = [(fine, 0.15), (fine, 0.1), (coarse, 10.0), (fitting, 0.15), (DataConfig("png"), None), (fine, None)]
    first, second = unsuited(grounds, (0.75, 1.5))
    assert first == (
        "oam: scenes are read at 0.15 m a pixel, so crops have 0.1 to 0.2 m; recipes and weights are for 0.3 to 0.6 m: "
        "give --resolution 0.4, if so much detail is there"
    )
    assert second.startswith("s2: scenes are read at 10 m")


def test_a_run_is_warned_of_them(town: Callable[..., Path], tmp_path: Path) -> None:
    path = town(tmp_path)
    heard = Heard()
    load_scenes([DataConfig(str(path))], reporter=heard)
    assert heard.warned == []
    load_scenes([DataConfig(str(path), resolution=2.0)], reporter=heard)
    (line,) = heard.warned
    assert line.startswith(f"{path}: scenes are read at 2 m a pixel")


def test_all_sources_are_listed_before_a_scene_is_opened(tiny_scenes: Path, tmp_path: Path) -> None:
    (tmp_path / "unreadable.tif").write_bytes(b"no raster")
    (tmp_path / "unreadable_mask.tif").write_bytes(b"no raster")
    (tmp_path / "empty").mkdir()
    with pytest.raises(SceneError, match="empty: no rasters in it"):
        load_scenes([DataConfig(str(tmp_path / "unreadable.tif")), DataConfig(str(tmp_path / "empty"))])
