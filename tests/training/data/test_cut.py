from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import shapely
from shapely.geometry import Polygon, box

from changen_cli.scenes.layout import Footprint, Layout
from changen_cli.scenes.tile import Tile
from changen_cli.scenes.window import Window
from changen_cli.training.data.cut import cut_tile, turned
from changen_cli.training.data.scenes import TrainingScene

MakeScene = Callable[..., TrainingScene]


def roofs(image: np.ndarray) -> np.ndarray:
    """Where the roof's colour is."""
    found: np.ndarray = (image[0] > 190) & (image[1] < 60)
    return found


def test_everything_stays_aligned_under_every_flip_and_turn() -> None:
    outlines = (Polygon([(3, 4), (30, 4), (30, 12), (11, 12), (11, 25), (3, 25)]), box(40, 50, 62, 55))
    layout = Layout(64, 64, tuple(Footprint(n + 1, outline) for n, outline in enumerate(outlines)))
    image = np.random.default_rng(0).integers(60, 140, (3, 64, 64)).astype(np.uint8)
    image[:, layout.rasterize()[0] > 0] = np.array([[250], [10], [10]])
    tile = Tile("s", "t", image, layout.rasterize()[1] != 1, layout, None, None, outlines[1])
    seen = set()
    for turn in range(8):
        moved = turned(tile, turn)
        classes, instances = moved.layout.rasterize()
        assert np.array_equal(classes > 0, roofs(moved.image))
        assert np.array_equal(moved.valid, instances != 1)
        assert moved.exclusion.equals(moved.layout.footprints[1].polygon)
        assert [f.uid for f in moved.layout.footprints] == [1, 2]
        seen.add(moved.image.tobytes())
    assert len(seen) == 8


def test_a_window_without_a_footprint_can_be_turned(make_scene: MakeScene) -> None:
    scene = make_scene(np.zeros((3, 64, 64), np.uint8), Layout(64, 64, (Footprint(1, box(40, 40, 60, 60)),)))
    assert turned(cut_tile(scene, Window(0, 0, 32, 32), 32), 5).layout.footprints == ()


def test_footprints_are_clipped_scaled_and_numbered(make_scene: MakeScene) -> None:
    places = (box(0, 0, 8, 8), box(20, 20, 40, 30), box(63, 0, 80, 8), box(90, 90, 99, 99))
    layout = Layout(128, 128, tuple(Footprint(7 * n + 3, place, n + 1) for n, place in enumerate(places)))
    scene = make_scene(np.zeros((3, 128, 128), np.uint8), layout)
    tile = cut_tile(scene, Window(0, 4, 60, 60), 30)
    assert [(f.uid, f.category) for f in tile.layout.footprints] == [(1, 1), (2, 2)]  # half a pixel of the third
    assert tile.layout.footprints[0].polygon.equals(box(0, 0, 2, 4))
    assert tile.layout.footprints[1].polygon.equals(box(8, 10, 18, 15))


@pytest.mark.parametrize("size", [16, 32, 64])
def test_a_pixel_is_valid_if_all_that_it_is_made_of_is(make_scene: MakeScene, size: int) -> None:
    valid = np.ones((32, 32), np.bool_)
    valid[:, :11] = False
    image = np.full((3, 32, 32), 200, np.uint8) * valid
    tile = cut_tile(make_scene(image, Layout(32, 32), valid=valid), Window(0, 0, 32, 32), size)
    assert tile.valid.shape == (size, size)
    assert (tile.image[:, tile.valid] == 200).all()
    assert not tile.image[:, ~tile.valid].any()
    assert abs(tile.valid.mean() - 21 / 32) <= (0 if size == 32 else 2 / size)


def test_exclusions_come_along(make_scene: MakeScene) -> None:
    scene = make_scene(np.zeros((3, 64, 64), np.uint8), Layout(64, 64))
    scene.exclusion = shapely.box(0, 0, 40, 64)
    assert cut_tile(scene, Window(0, 32, 32, 32), 64).exclusion.equals(shapely.box(0, 0, 16, 64))
