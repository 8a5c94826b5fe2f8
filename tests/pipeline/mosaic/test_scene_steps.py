from __future__ import annotations

import numpy as np
from shapely.geometry import box

from changen_cli.events.base import Change
from changen_cli.models.series_looks import SeriesLooks
from changen_cli.pipeline.mosaic.scene_steps import SceneStep
from changen_cli.scenes.layout import Footprint, Layout
from changen_cli.scenes.layout_index import LayoutIndex
from changen_cli.scenes.window import Window
from changen_cli.types import BoolArray, UInt8Array

OLD, GONE, NEW = Footprint(1, box(10, 10, 30, 30)), Footprint(2, box(60, 10, 80, 30)), Footprint(3, box(60, 60, 90, 90))


def read(window: Window) -> tuple[UInt8Array, BoolArray]:
    valid = np.ones((window.height, window.width), bool)
    valid[:, 0] = False
    return np.full((3, window.height, window.width), window.row, np.uint8), valid


def step(looks: SeriesLooks | None = None) -> SceneStep:
    before, after = (LayoutIndex(Layout(100, 100, houses)) for houses in ((OLD, GONE), (OLD, NEW)))
    changes = (Change("remove", 1, GONE, None), Change("create", 1, None, NEW))
    return SceneStep(1, read, before, after, changes, np.zeros(4, np.float32), looks, (0, "a", "all", 0))


def test_a_window_of_all_changes() -> None:
    job = step().job(Window(20, 50, 60, 50))
    assert job.masks.shape == (2, 60, 50)
    assert [mask.sum() for mask in job.masks] == [20 * 10, 30 * 20]
    (removed, created) = job.changes[0]
    assert removed.before is not None
    assert created.after is not None
    assert (removed.before.polygon.bounds, created.after.polygon.bounds) == ((10, -10, 30, 10), (10, 40, 40, 70))
    assert job.noise.shape == (1, 4)
    assert not job.masks[:, :, 0].any()
    assert step().job(Window(0, 0, 40, 40)).changes == ((),)


def test_a_window_of_one_change_alone() -> None:
    here = step()
    job = here.job_of(Window(0, 40, 100, 60), here.changes[1])
    assert [mask.sum() for mask in job.masks] == [400, 400 + 900]
    assert len(job.changes[0]) == 1


def test_the_looks_of_a_window_are_the_scenes() -> None:
    codes = np.arange(6, dtype=np.float32).reshape(3, 2)
    looks = SeriesLooks(np.array([1, 2, 3], np.int32), codes, np.array([[7, 7], [9, 9]], np.float32))
    plan = step(looks).job(Window(0, 50, 100, 50)).looks
    assert plan is not None
    assert plan.uids.tolist() == [0, 2, 3]
    assert plan.given is not None
    assert plan.given.tolist() == [[9, 9], [2, 3], [4, 5]]
    assert plan.origin == (0, 50)
    assert plan.regions.shape == (2, 100, 50)
    assert plan.regions[1, 70, 20] == 2
    other = step(looks).job(Window(0, 0, 100, 50)).looks
    assert other is not None
    assert other.keys.tolist() == plan.keys.tolist()
