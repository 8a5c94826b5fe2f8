from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest
import shapely
import torch

from changen_cli import plugins
from changen_cli.errors import PluginError, TileError
from changen_cli.events.base import Change
from changen_cli.models.deepfill.holes import REACH
from changen_cli.scenes.layout import Footprint, Layout
from changen_cli.synthesis.base import Batch, Synthesizer, SynthesizerSettings
from changen_cli.synthesis.engine import Engine, Job
from changen_cli.synthesis.inpainting import InpaintingSynthesizer
from changen_cli.synthesis.transfer import HostTransfer
from changen_cli.types import UInt8Array

RunJobs = Callable[[Engine, Iterable[Job[Any]]], list[tuple[Any, UInt8Array]]]

pytest.importorskip("cv2", reason="the extra 'opencv' is not installed")

RED = np.array((220, 30, 30), np.uint8)
HOUSE, SHED = Footprint(1, shapely.box(20, 20, 40, 32)), Footprint(2, shapely.box(58, 20, 66, 32))
TOWN = Layout(64, 80, (HOUSE, SHED))
REMOVAL = Change("remove", 1, HOUSE, None)


@pytest.fixture
def image() -> np.ndarray:
    """Green ground that brightens to the right, and two red houses with a dark edge below, uint8 [3, H, W]."""
    made = np.empty((3, 64, 80), np.uint8)
    made[0], made[2] = 60, 50
    made[1] = np.linspace(100, 180, 80, dtype=np.uint8)
    made[:, 32:35, 20:40] = 5
    made[:, TOWN.rasterize()[0] > 0] = RED[:, None]
    return made


def batch(image: np.ndarray, after: Layout, *changes: Change) -> Batch:
    first, second = (torch.from_numpy(x.rasterize()[0])[None] for x in (TOWN, after))
    return Batch(torch.from_numpy(image)[None], first, second, torch.zeros(1, 0), (changes,))


def test_a_removed_house_becomes_the_ground_around_it(image: np.ndarray) -> None:
    made = InpaintingSynthesizer(SynthesizerSettings()).synthesize(batch(image, TOWN.without({1}), REMOVAL))[0].numpy()
    hole = np.zeros((64, 80), bool)
    hole[20 - REACH : 32 + REACH, 20 - REACH : 40 + REACH] = True
    assert (made[:, ~hole] == image[:, ~hole]).all()
    filled = made[:, 18:34, 18:38].astype(int)
    assert np.abs(filled[0] - 60).max() <= 8
    assert filled[1].min() >= 100
    assert filled[1].max() <= 180


def test_the_shadow_at_its_foot_goes_and_another_house_stays(image: np.ndarray) -> None:
    made = InpaintingSynthesizer(SynthesizerSettings()).synthesize(batch(image, TOWN.without({1}), REMOVAL))[0].numpy()
    assert made[1, 32:35, 22:36].min() > 50
    assert (made[:, 20:32, 58:66].T == RED).all()


def test_nothing_removed_nothing_changed(image: np.ndarray) -> None:
    made = InpaintingSynthesizer(SynthesizerSettings()).synthesize(batch(image, TOWN))
    assert (made[0].numpy() == image).all()


def test_a_tile_that_is_all_hole_is_an_error() -> None:
    mask = torch.ones(1, 16, 16, dtype=torch.uint8)
    step = Batch(torch.zeros(1, 3, 16, 16, dtype=torch.uint8), mask, 0 * mask, torch.zeros(1, 0))
    with pytest.raises(TileError, match="leave no surroundings"):
        InpaintingSynthesizer(SynthesizerSettings()).synthesize(step)


def test_it_is_a_plugin_that_removes_only() -> None:
    factory = plugins.load(plugins.SYNTHESIZERS, "inpainting")
    synthesizer = factory(SynthesizerSettings())
    assert isinstance(synthesizer, Synthesizer)
    assert synthesizer.as_manifest()["method"] == "Telea 2004"
    assert (factory.shows, factory.cpu_bound) == ({"remove"}, True)


def test_without_opencv_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(PluginError, match=r"OpenCV cannot be imported .* pip install 'changen\[opencv\]'"):
        InpaintingSynthesizer(SynthesizerSettings())


def test_end_to_end_through_the_engine(image: np.ndarray, run_jobs: RunJobs) -> None:
    layouts = (TOWN, TOWN.without({1}), Layout(64, 80))
    changes = ((REMOVAL,), (Change("remove", 2, SHED, None),))
    masks = np.stack([layout.rasterize()[0] for layout in layouts])
    valid = np.ones((64, 80), bool)
    valid[:, 75:] = False
    jobs = [Job(n, image * valid, valid, masks * valid, changes, np.zeros((2, 0), np.float32)) for n in range(3)]
    results = run_jobs(Engine(InpaintingSynthesizer(SynthesizerSettings()), HostTransfer(), 2), jobs)
    assert [tag for tag, _ in results] == [0, 1, 2]
    frames = results[0][1]
    red = [int((frame[0] > 150).sum()) for frame in frames]
    assert red == [12 * 28, 12 * 8, 0]
    assert all((other == frames).all() for _, other in results)
    assert (frames[:, :, :, 75:] == 0).all()
