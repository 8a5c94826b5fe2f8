from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import shapely
import shapely.affinity
import torch
from shapely.geometry import MultiPolygon, Polygon

from changen_cli import plugins
from changen_cli.errors import TileError
from changen_cli.events.base import Change
from changen_cli.pipeline.generate import generate
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.scenes.layout import Footprint, Layout
from changen_cli.synthesis.base import Batch, Synthesizer, SynthesizerSettings
from changen_cli.synthesis.copy_paste import CopyPasteSynthesizer
from changen_cli.synthesis.engine import Engine, Job
from changen_cli.synthesis.transfer import HostTransfer

GROUND, RED, BLUE = (90, 120, 80), (220, 30, 30), (30, 40, 200)
ELL = Polygon([(0, 0), (24, 0), (24, 8), (10, 8), (10, 18), (0, 18)])


def draw(layout: Layout, colours: dict[int, tuple[int, int, int]]) -> np.ndarray:
    """Ground with objects of one colour each, uint8 [3, H, W]."""
    _, instances = layout.rasterize()
    image = np.empty((3, layout.height, layout.width), np.uint8)
    image[:] = np.array(GROUND, np.uint8)[:, None, None]
    for uid, colour in colours.items():
        image[:, instances == uid] = np.array(colour, np.uint8)[:, None]
    return image


def batch(image: np.ndarray, before: Layout, *created: Footprint) -> Batch:
    changes = tuple(Change("create", 1, None, footprint) for footprint in created)
    first, second = (torch.from_numpy(x.rasterize()[0])[None] for x in (before, before.add(created)))
    return Batch(torch.from_numpy(image)[None], first, second, torch.zeros(1, 0), (changes,))


def paste(image: np.ndarray, before: Layout, *created: Footprint) -> np.ndarray:
    return CopyPasteSynthesizer(SynthesizerSettings()).synthesize(batch(image, before, *created))[0].numpy()


@pytest.fixture
def village() -> Layout:
    """A long house, 30 x 10, uid 1, and an L, uid 2."""
    return Layout(
        96, 128, (Footprint(1, shapely.box(5, 5, 35, 15)), Footprint(2, shapely.affinity.translate(ELL, 60, 6)))
    )


@pytest.fixture
def image(village: Layout) -> np.ndarray:
    return draw(village, {1: RED, 2: BLUE})


def inside(footprint: Footprint, village: Layout, shrink: float = 2.0) -> np.ndarray:
    """The pixels of a footprint away from its edge."""
    part = Footprint(1, footprint.polygon.buffer(-shrink, join_style="mitre"))
    return Layout(village.height, village.width, (part,)).rasterize()[0] > 0


@pytest.mark.parametrize("turn", [0, 37, 90, 200])
@pytest.mark.parametrize("scale", [0.8, 1.2])
def test_the_object_most_similar_in_shape_is_pasted(
    village: Layout, image: np.ndarray, turn: float, scale: float
) -> None:
    for outline, colour in ((shapely.box(0, 0, 30, 10), RED), (ELL, BLUE)):
        shape = shapely.affinity.scale(shapely.affinity.rotate(outline, turn), scale, scale)
        centre = shape.centroid
        new = Footprint(3, shapely.affinity.translate(shape, 64 - centre.x, 62 - centre.y))
        made = paste(image, village, new)
        pixels = made[:, inside(new, village)]
        assert pixels.shape[1] > 30
        assert (np.abs(pixels.astype(int) - np.array(colour)[:, None]) <= 2).all()


def test_the_ground_stays_as_it_is(village: Layout, image: np.ndarray) -> None:
    new = Footprint(3, shapely.box(50, 50, 82, 62))
    made = paste(image, village, new)
    far = ~inside(new, village, shrink=-3)
    assert (made[:, far] == image[:, far]).all()


def test_the_edge_is_feathered_and_what_the_label_says_is_at_least_half_object(
    village: Layout, image: np.ndarray
) -> None:
    new = Footprint(3, shapely.box(50, 50, 80, 60))
    made = paste(image, village, new)[0].astype(int)
    column = made[40:56, 65]
    assert column[0] == GROUND[0]
    assert column[-1] == RED[0]
    assert (np.diff(column) >= 0).all()
    assert len({*column} - {GROUND[0], RED[0]}) >= 2
    mask = Layout(96, 128, (new,)).rasterize()[0] > 0
    assert (made[mask] >= (GROUND[0] + RED[0]) // 2).all()


def test_the_feathered_edge_leaves_other_objects_alone(village: Layout, image: np.ndarray) -> None:
    new = Footprint(3, shapely.box(5, 16, 35, 26))  # one pixel below the red house
    made = paste(image, village, new)
    assert (made[:, 5:15, 5:35] == image[:, 5:15, 5:35]).all()
    assert (made[:, 15, 10:30] != image[:, 15, 10:30]).any()


def test_pixels_keep_their_places_on_the_object() -> None:
    """A house with one dark end, pasted turned by 90 degrees: one end is dark, and the object is not mirrored."""
    village = Layout(80, 80, (Footprint(1, shapely.box(10, 10, 40, 22)),))
    image = draw(village, {1: RED})
    image[:, 10:16, 10:20] = 5  # dark at the upper left: seen along the house from this end, on its left
    new = Footprint(2, shapely.box(60, 30, 72, 60))
    made = paste(image, village, new)[0, 30:60, 60:72]
    assert (made < 60).sum() == pytest.approx(60, abs=25)
    quarters = {
        "upper left": made[:10, :6],
        "upper right": made[:10, 6:],
        "lower left": made[20:, :6],
        "lower right": made[20:, 6:],
    }
    dark = [name for name, part in quarters.items() if np.median(part) < 60]
    # a quarter turn takes the upper left corner of a long house to one of these two; a mirror to the others
    assert dark in (["upper right"], ["lower left"])


def test_no_ground_comes_along_where_outlines_differ() -> None:
    """The only object is an L; the new one is its full rectangle, and must not have ground in its corner."""
    village = Layout(64, 96, (Footprint(1, shapely.affinity.translate(ELL, 5, 5)),))
    image = draw(village, {1: BLUE})
    new = Footprint(2, shapely.box(50, 20, 74, 38))
    pixels = paste(image, village, new)[:, inside(new, village)]
    assert (np.abs(pixels.astype(int) - np.array(BLUE)[:, None]) <= 2).all()


def test_whole_objects_are_preferred_to_cut_ones() -> None:
    village = Layout(64, 96, (Footprint(1, shapely.box(0, 0, 20, 10)), Footprint(2, shapely.box(40, 5, 52, 17))))
    image = draw(village, {1: RED, 2: BLUE})
    new = Footprint(3, shapely.box(40, 40, 60, 50))
    assert (paste(image, village, new)[:, inside(new, village)].T == BLUE).all()
    cut_only = village.without({2})
    assert (paste(image, cut_only, new)[:, inside(new, village)].T == RED).all()


def test_only_objects_of_the_same_class_are_copied() -> None:
    village = Layout(64, 96, (Footprint(1, shapely.box(5, 5, 25, 15), 1), Footprint(2, shapely.box(40, 5, 70, 12), 2)))
    image = draw(village, {1: RED, 2: BLUE})
    new = Footprint(3, shapely.box(40, 40, 60, 50), 2)
    assert (paste(image, village, new)[:, inside(new, village)].T == BLUE).all()
    with pytest.raises(TileError, match=r"no object of class 3 on this tile .* footprint 3; use larger tiles"):
        paste(image, village, Footprint(3, shapely.box(40, 40, 60, 50), 3))


def test_a_shrunken_object_does_not_alias() -> None:
    village = Layout(128, 160, (Footprint(1, shapely.box(10, 10, 90, 50)),))
    image = draw(village, {1: (0, 0, 0)})
    image[:, 10:50, 10:90][:, :, ::2] = 200  # stripes of one pixel
    new = Footprint(2, shapely.box(100, 80, 120, 90))
    pixels = paste(image, village, new)[0, inside(new, village)].astype(int)
    assert (np.abs(pixels - 100) <= 30).all()


def test_outlines_at_the_edge_and_in_parts(village: Layout, image: np.ndarray) -> None:
    parts = MultiPolygon([shapely.box(100, 80, 108, 95.5), shapely.box(112, 80, 128, 96)])
    new = Footprint(3, parts)
    made = paste(image, village, new)
    assert made.shape == image.shape
    assert (made[:, 82:94, 102:106] != image[:, 82:94, 102:106]).any(0).all()
    assert (made[:, 84:92, 118:128] != image[:, 84:92, 118:128]).any(0).all()


def test_a_courtyard_stays_open(village: Layout, image: np.ndarray) -> None:
    yard = Polygon(shapely.box(40, 40, 80, 80).exterior.coords, [shapely.box(52, 52, 68, 68).exterior.coords])
    made = paste(image, village, Footprint(3, yard))
    assert (made[:, 55:65, 55:65] == image[:, 55:65, 55:65]).all()
    assert (made[:, 42:50, 42:78] != image[:, 42:50, 42:78]).any(0).all()


def test_it_is_a_plugin_that_creates_only() -> None:
    factory = plugins.load(plugins.SYNTHESIZERS, "copy-paste")
    synthesizer = factory(SynthesizerSettings())
    assert isinstance(synthesizer, Synthesizer)
    assert synthesizer.as_manifest() == {"name": "copy-paste"}
    assert (factory.shows, factory.cpu_bound) == ({"create"}, True)


def test_end_to_end_through_the_engine(village: Layout, image: np.ndarray) -> None:
    """Two steps, each object at its step; a tile without objects fails alone, and the others of its batch do not."""
    new = [Footprint(3, shapely.box(50, 50, 80, 60)), Footprint(4, shapely.box(10, 70, 40, 80))]
    layouts = [village, village.add(new[:1]), village.add(new)]
    changes = tuple((Change("create", n + 1, None, f),) for n, f in enumerate(new))
    bare = Layout(96, 128)
    bare_masks = np.stack([x.rasterize()[0] for x in (bare, bare.add(new[:1]), bare.add(new))])
    masks = np.stack([x.rasterize()[0] for x in layouts])
    valid, noise = np.ones((96, 128), bool), np.zeros((2, 0), np.float32)
    jobs = [
        Job(0, image, valid, masks, changes, noise),
        Job(1, draw(bare, {}), valid, bare_masks, changes, noise),
        Job(2, image[::-1].copy(), valid, masks, changes, noise),
    ]
    engine = Engine(CopyPasteSynthesizer(SynthesizerSettings()), HostTransfer(), 4)
    results = dict(engine.run(jobs))
    assert list(results) == [0, 1, 2]
    frames, failed, mirrored = (results[n] for n in range(3))
    assert isinstance(failed, TileError)
    assert not isinstance(frames, TileError)
    assert not isinstance(mirrored, TileError)
    assert (frames.images[0] == image).all()
    for number, footprint in enumerate(new):
        where = inside(footprint, village)
        assert (frames.images[number][:, where].T == GROUND).all()
        assert (frames.images[number + 1][:, where].T == RED).all()
    assert np.array_equal(mirrored.images, frames.images[:, ::-1])
    assert engine.batch_size == 4


def test_a_run_records_the_tiles_that_have_nothing_to_copy(town: Callable[..., Path], tmp_path: Path) -> None:
    """No house stands right of column 420, so the last tile fails, and only that."""
    options = GenerateOptions(
        inputs=(str(town(tmp_path / "in")),),
        output=str(tmp_path / "series"),
        synthesizer="copy-paste",
        events="create",
        tile_size=100,
        steps=1,
    )
    summary = generate(options)
    assert summary.exit_code == 1
    assert summary.statuses["failed"] >= 1
    assert summary.statuses["done"] >= 10
    assert summary.changes["create"] >= 10
    for _, status, reason in summary.problems:
        assert status == "skipped" or "whose pixels could be copied" in reason
