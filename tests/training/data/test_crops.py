from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import shapely
import torch
from shapely.geometry import box
from skimage.morphology import dilation, erosion

from changen_cli.errors import TrainingError
from changen_cli.events.schedule import make_schedule
from changen_cli.scenes.layout import Footprint, Layout
from changen_cli.training.config.source import DataConfig
from changen_cli.training.data.crops import Crop, CropSampler, scene_shares
from changen_cli.training.data.scenes import Drawable, TrainingScene

MakeSampler = Callable[..., CropSampler]
MakeScene = Callable[..., TrainingScene]


def roofs(image: np.ndarray) -> np.ndarray:
    """Where the roof's colour is; half way to the ground's at a blurred edge."""
    found: np.ndarray = (image[0] > 190) & (image[1] < 60)
    return found


def arrays(crop: Crop) -> bytes:
    """Everything of a crop that goes into a batch."""
    return b"".join(a.tobytes() for a in (crop.image, crop.valid, crop.before, crop.after, crop.instances))


def test_all_eight_flips_and_turns_are_drawn(make_scene: MakeScene, make_sampler: MakeSampler) -> None:
    image = np.random.default_rng(0).integers(0, 255, (3, 64, 64), dtype=np.uint8)
    sampler = make_sampler([make_scene(image, Layout(64, 64))], scale=(1, 1), windows=1)
    assert len({sampler[k].image.tobytes() for k in range(60)}) == 8


@pytest.mark.parametrize("scale", [(1.0, 1.0), (0.5, 0.5), (1.7, 1.7), (0.75, 1.5)])
def test_image_and_mask_are_aligned(
    scenes: list[Drawable], make_sampler: MakeSampler, scale: tuple[float, float]
) -> None:
    sampler = make_sampler(scenes, scale=scale)
    wrong = 0.0
    for k in range(12):
        crop = sampler[k]
        assert crop.image.shape == (3, 64, 64)
        assert crop.image.dtype == crop.before.dtype == crop.after.dtype == np.uint8
        found, mask = roofs(crop.image), crop.before > 0
        edge = dilation(mask, np.ones((3, 3))) != erosion(mask, np.ones((3, 3)))
        inner = np.s_[3:-3, 3:-3]  # slivers at the border of a crop are not worth an object
        assert not ((found != mask) & ~edge)[inner].any()
        wrong += (found != mask).mean() / 12
    # half a pixel of shift would move half of every edge; a mask that is merely close is not good enough
    assert wrong == 0 if scale == (1.0, 1.0) else wrong < 0.02


@pytest.mark.parametrize("own", [False, True], ids=["of the run", "of the source"])
@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0])
def test_scale_is_the_size_of_things(
    make_scene: MakeScene, make_sampler: MakeSampler, factor: float, own: bool
) -> None:
    source = DataConfig("a", scale=(factor, factor) if own else None)
    layout = Layout(256, 256, (Footprint(1, box(120, 120, 140, 136)),))
    scene = make_scene(np.zeros((3, 256, 256), np.uint8), layout, source)
    sampler = make_sampler([scene], size=128, scale=(1.0, 1.0) if own else (factor, factor))
    assert max(int(sampler[k].before.sum()) for k in range(12)) == 20 * 16 * factor**2


def test_a_scene_smaller_than_the_crop_is_enlarged(scenes: list[Drawable], make_sampler: MakeSampler) -> None:
    crop = make_sampler(scenes, size=256, scale=(1, 1))[0]
    assert crop.image.shape == (3, 256, 256)
    assert crop.before.any()


def test_crops_have_building_where_the_scene_has_it(make_scene: MakeScene, make_sampler: MakeSampler) -> None:
    scene = make_scene(np.zeros((3, 512, 512), np.uint8), Layout(512, 512, (Footprint(1, box(400, 300, 430, 330)),)))
    built = {
        windows: sum(make_sampler([scene], size=128, scale=(1, 1), windows=windows)[k].before.any() for k in range(30))
        for windows in (1, 30)
    }
    # one window in about 14 has it, and 30 are looked at
    assert built[30] >= 24
    assert built[1] < 10


def test_the_image_shows_before_and_not_after(scenes: list[Drawable], make_sampler: MakeSampler) -> None:
    """S_t and S_t+1 swapped would train just as smoothly."""
    sampler = make_sampler(scenes, scale=(1, 1))
    differ = 0
    for k in range(10):
        crop = sampler[k]
        assert np.array_equal(roofs(crop.image), crop.before > 0)
        differ += bool((crop.before != crop.after).any())
    assert differ >= 9


@pytest.mark.parametrize("events", ["create,remove", "remove", "create=3,rotate,relocate"])
def test_masks_instances_and_changes_agree(scenes: list[Drawable], make_sampler: MakeSampler, events: str) -> None:
    """Any event, by the rules of generating: an object changes once, as a whole, and what is new keeps its distance."""
    sampler = make_sampler(scenes, scale=(1, 1), events=events, changes_per_step=(1, 3))
    seen = set()
    for k in range(12):
        crop = sampler[k]
        before, after = crop.instances
        assert crop.instances.dtype == np.int32
        assert np.array_equal(before > 0, crop.before > 0)
        assert np.array_equal(after > 0, crop.after > 0)
        assert len(crop.changes) <= 3
        touched = [f.uid for c in crop.changes for f in (c.before or c.after,) if f is not None]
        assert len(touched) == len(set(touched))
        kept = ~np.isin(before, touched) & ~np.isin(after, touched)
        assert np.array_equal(before[kept], after[kept])
        for change in crop.changes:
            seen.add(change.event)
            if change.after is not None and change.before is None:
                near = change.after.polygon.buffer(sampler.crops.gap - 0.01, join_style="mitre")
                drawn, _ = Layout(64, 64, (Footprint(1, near),)).rasterize()
                assert not before[drawn > 0].any()
            if change.after is None:
                assert change.before is not None
                assert not (after == change.before.uid).any()
    assert seen == {name for name, _, _ in make_schedule(events).events}


FLOOD = """
from dataclasses import dataclass
from typing import ClassVar

from changen_cli.events.base import Change, Proposal


@dataclass(frozen=True)
class Flood:
    name: ClassVar[str] = "flood"

    def propose(self, layout, site, rng, count):
        south = sorted(layout.footprints, key=lambda f: -f.polygon.centroid.y)[:count]
        return Proposal(tuple(Change("flood", 0, f, None) for f in south), "nothing left")
"""


def test_an_event_of_somebody_else_trains_as_it_generates(
    scenes: list[Drawable], make_sampler: MakeSampler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lowland.py").write_text(FLOOD)
    info = tmp_path / "lowland-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lowland\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[changen.events]\nflood = lowland:Flood\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    crop = make_sampler(scenes, events="flood", changes_per_step="2", scale=(1, 1))[0]
    assert [change.event for change in crop.changes] == ["flood", "flood"]
    lost = crop.instances[0] != crop.instances[1]
    assert len(np.unique(crop.instances[0][lost])) == 2
    assert not crop.instances[1][lost].any()


def test_nothing_is_labelled_or_built_where_there_is_no_data(make_scene: MakeScene, make_sampler: MakeSampler) -> None:
    valid = np.ones((96, 96), np.bool_)
    valid[:, :40] = False
    layout = Layout(96, 96, (Footprint(1, box(36, 10, 52, 24)), Footprint(2, box(60, 60, 76, 70))))
    scene = make_scene(np.full((3, 96, 96), 99, np.uint8) * valid, layout, valid=valid)
    scene.outlines = np.array([shapely.box(-4, -4, 4, 4)], dtype=object)
    sampler = make_sampler([scene], scale=(0.8, 1.2), windows=1, events="create", changes_per_step=(3, 3))
    partly = 0
    for k in range(12):
        crop = sampler[k]
        partly += bool(0 < crop.valid.mean() < 1)
        for part in (crop.image.any(0), crop.before, crop.after, *crop.instances):
            assert not part[~crop.valid].any()
        for change in crop.changes:
            assert change.after is not None
            drawn, _ = Layout(64, 64, (change.after,)).rasterize()
            assert crop.valid[drawn > 0].all()
    assert partly > 4


def test_a_crop_is_a_function_of_seed_stream_and_number(scenes: list[Drawable], make_sampler: MakeSampler) -> None:
    one, two = make_sampler(scenes), make_sampler(scenes)
    first = [arrays(one[k]) for k in range(4)]
    torch.manual_seed(123)
    np.random.seed(9)  # noqa: NPY002
    assert [arrays(two[k]) for k in reversed(range(4))] == first[::-1]
    assert len(set(first)) == 4
    assert arrays(make_sampler(scenes, seed=6)[0]) not in first
    assert arrays(make_sampler(scenes, stream="val")[0]) not in first


def test_shares(make_scene: MakeScene) -> None:
    def scene(pixels: int, source: DataConfig) -> Drawable:
        return make_scene(
            np.zeros((3, 1, pixels), np.uint8), Layout(1, pixels, (Footprint(1, box(0, 0, 1, 1)),)), source
        )

    a, b = DataConfig("a"), DataConfig("b")
    assert scene_shares([scene(30, a), scene(10, a), scene(60, b)]).tolist() == [0.3, 0.1, 0.6]
    a, b = DataConfig("a", share=0.8), DataConfig("b", share=0.2)
    given = scene_shares([scene(30, a), scene(10, a), scene(600, b)]).tolist()
    assert given == pytest.approx([0.6, 0.2, 0.2])


def test_an_unknown_class_is_refused(make_scene: MakeScene, make_sampler: MakeSampler) -> None:
    scene = make_scene(np.zeros((3, 64, 64), np.uint8), Layout(64, 64, (Footprint(1, box(9, 9, 20, 20), 4),)))
    with pytest.raises(TrainingError, match=r"scene s: has footprints of class 4.*classes 0 to 1; .* to 5"):
        make_sampler([scene])
    scene = make_scene(np.zeros((3, 64, 64), np.uint8), Layout(64, 64, (Footprint(1, box(9, 9, 20, 20)),)))
    scene.outlines = np.array([box(-5, -5, 5, 5)], dtype=object)
    options = {"events": "create", "event_options": ["create.category=3"]}
    with pytest.raises(TrainingError, match=r"scene s: has footprints of class 3.*classes 0 to 1"):
        make_sampler([scene], **options)[0]
