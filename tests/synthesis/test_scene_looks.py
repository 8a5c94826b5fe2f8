from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from shapely.geometry import box
from torch import Tensor

from changen_cli.events.base import Change, History
from changen_cli.models.looks import region_means
from changen_cli.models.series_looks import SeriesLooks
from changen_cli.scenes.layout import Footprint, Layout
from changen_cli.synthesis.base import Batch, LookRequest
from changen_cli.synthesis.look_plan import NewLooks
from changen_cli.synthesis.scene_looks import Seen, plan_window, read_scene_looks
from changen_cli.synthesis.transfer import make_transfer

DRAWN = 1000.0


class Colours:
    """A look is the mean of a region's first band; a new one is 1000; the ground drifts by 100."""

    name: ClassVar[str] = "colours"
    noise_dim = 0
    look_dim = 1

    def synthesize(self, batch: Batch) -> Tensor:
        return batch.image

    def first_looks(self, request: LookRequest) -> Tensor:
        count = request.draws.source.shape[1]
        means, _ = region_means(request.image[:, :1].float(), request.regions, count)
        source = request.draws.source.unsqueeze(2)
        return torch.where(source < 0, DRAWN, means.gather(1, source.clamp(min=0)))

    def draw(self, pick: Tensor, normal: Tensor) -> Tensor:
        return torch.full_like(normal, DRAWN)

    def drift(self, ground: Tensor, pick: Tensor, normal: Tensor, amount: float) -> Tensor:
        return ground + 100 * amount

    def as_manifest(self) -> dict[str, Any]:
        return {}


STANDS, CUT, HIDDEN = Footprint(1, box(2, 2, 8, 8)), Footprint(4, box(12, 2, 30, 8)), Footprint(5, box(40, 0, 50, 9))
BUILT = Footprint(6, box(30, 12, 36, 18))
FIRST = Layout(20, 40, (STANDS, CUT, HIDDEN))
HISTORY = History((FIRST, FIRST.add([BUILT])), ((Change("create", 1, None, BUILT),),))


def windows() -> list[Seen]:
    """Two halves that share no pixel; the object that is cut is 50 in 8 columns and 60 in 10; the ground 10 and 20."""
    _, instances = FIRST.rasterize()
    image = np.zeros((3, 20, 40), np.uint8)
    image[:, :, :20], image[:, :, 20:] = 10, 20
    image[:, instances == 1] = 30
    image[:, :, :20][:, instances[:, :20] == 4] = 50
    image[:, :, 20:][:, instances[:, 20:] == 4] = 60
    valid = np.ones((20, 40), bool)
    valid[10:, :20] = False
    halves = slice(0, 20), slice(20, 40)
    return [(image[:, :, half], valid[:, half], instances[:, half]) for half in halves]


def read(new: NewLooks = "drawn", drift: float = 0.0) -> SeriesLooks:
    return read_scene_looks(
        Colours(), make_transfer("cpu"), HISTORY, windows(), new=new, drift=drift, key=(0, "s", "all", 0)
    )


def test_an_object_has_the_look_of_the_window_that_shows_most_of_it() -> None:
    looks = read()
    assert looks.uids.tolist() == [1, 4, 5, 6]
    assert looks.codes[:2, 0].tolist() == [30, 60]
    assert looks.codes[3, 0] == DRAWN
    # of what is nowhere seen the rule of tiles is to borrow
    assert looks.codes[2, 0] in (30, 60)


def test_the_ground_has_the_mean_of_all_windows() -> None:
    ground = read().ground
    left, right = 200 - 36 - 48, 400 - 60
    assert ground[:, 0] == pytest.approx([(10 * left + 20 * right) / (left + right)] * 2)
    assert np.diff(read(drift=0.5).ground[:, 0]) == pytest.approx(50)


def test_new_objects_borrow_from_all_of_the_scene() -> None:
    assert read("borrowed").codes[3, 0] in (30, 60)


def test_where_nothing_is_seen_looks_are_drawn() -> None:
    nothing = [(image, np.zeros_like(valid), instances) for image, valid, instances in windows()]
    looks = read_scene_looks(
        Colours(), make_transfer("cpu"), HISTORY, nothing, new="drawn", drift=0, key=(0, "s", "all", 0)
    )
    assert (looks.codes == DRAWN).all()
    assert (looks.ground == DRAWN).all()


def test_a_window_knows_what_it_shows() -> None:
    _, instances = FIRST.rasterize()
    plan = plan_window(read(), np.stack([instances, instances])[:, :, :10], 1, (32, 64), (0, "s"))
    assert plan.uids.tolist() == [0, 1]
    assert plan.given is not None
    assert plan.given[1, 0] == 30
    assert plan.regions.max() == 1
    assert plan.origin == (32, 64)
