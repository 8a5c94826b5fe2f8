"""Looks from step to step, with a synthesizer whose looks can be read off."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor

from changen_cli.models.look_kinds import BORROWED, DRAWN, OWN
from changen_cli.synthesis.base import Batch, LookRequest, LooksSynthesizer, look_dim_of
from changen_cli.synthesis.engine import Engine, Frames, Job
from changen_cli.synthesis.look_chain import LookChain
from changen_cli.synthesis.look_plan import LookPlan, Repaints
from changen_cli.synthesis.transfer import HostTransfer

STEPS, SIZE = 3, 24


class Painter:
    """Paints every pixel with the first number of its look."""

    name: ClassVar[str] = "painter"
    noise_dim = 0
    look_dim = 2

    def __init__(self) -> None:
        self.requests: list[LookRequest] = []

    def synthesize(self, batch: Batch) -> Tensor:
        assert batch.looks is not None
        rows = torch.arange(len(batch)).view(-1, 1, 1)
        values = batch.looks.codes[rows, batch.looks.regions.long()][..., 0]
        return values.round().to(torch.uint8).unsqueeze(1).expand(-1, 3, -1, -1).contiguous()

    def first_looks(self, request: LookRequest) -> Tensor:
        self.requests.append(request)
        own = 10 * request.draws.source.float().unsqueeze(2).expand(-1, -1, 2)
        return torch.where(request.draws.source.unsqueeze(2) < 0, 200 + request.draws.normal, own)

    def draw(self, pick: Tensor, normal: Tensor) -> Tensor:
        return normal.clone()

    def drift(self, ground: Tensor, pick: Tensor, normal: Tensor, amount: float) -> Tensor:
        return (1 - amount) * ground + amount * normal

    def as_manifest(self) -> dict[str, Any]:
        return {}


@dataclass
class Plain:
    """Knows nothing of looks."""

    name: ClassVar[str] = "plain"
    noise_dim: int = 0

    def synthesize(self, batch: Batch) -> Tensor:
        assert batch.looks is None
        return batch.image

    def as_manifest(self) -> dict[str, Any]:
        return {}


def plan(objects: int) -> LookPlan:
    """Objects 1 .. n: the first moves at every step, the last is new from step 2 on."""
    regions = np.zeros((STEPS + 1, SIZE, SIZE), np.int32)
    for step in range(STEPS + 1):
        for region in range(1, objects + 1):
            if region < objects or step >= 2:
                row = 4 * region + (step if region == 1 else 0)
                regions[step, row : row + 3, 2:9] = region
    kinds = np.full(objects + 1, OWN)
    kinds[-1] = DRAWN
    return LookPlan(
        uids=np.arange(objects + 1, dtype=np.int32),
        regions=regions,
        kinds=kinds,
        lent=np.zeros(objects + 1, np.float32),
        pick=np.zeros(objects + 1, np.float32),
        normal=np.full((objects + 1, 2), 7, np.float32),
        ground_pick=np.zeros(STEPS, np.float32),
        ground_normal=np.full((STEPS, 2), [[100], [120], [140]], np.float32),
        keys=np.arange(STEPS, dtype=np.int64),
    )


def job(objects: int, looks: bool = True) -> Job[int]:
    made = plan(objects)
    image = np.zeros((3, SIZE, SIZE), np.uint8)
    masks = (made.regions > 0).astype(np.uint8)
    known = np.ones((SIZE, SIZE), np.bool_)
    noise = np.zeros((STEPS, 0), np.float32)
    return Job(objects, image, known, masks, ((),) * STEPS, noise, made if looks else None)


def frames(drift: float, *objects: int, batch: int = 4) -> list[np.ndarray]:
    engine = Engine(Painter(), HostTransfer(), batch, drift=drift)
    found = []
    for _, result in engine.run(job(n) for n in objects):
        assert isinstance(result, Frames)
        found.append(result.images)
    return found


def test_an_object_keeps_its_look_wherever_it_goes() -> None:
    (made,) = frames(0.0, 4)
    regions = plan(4).regions
    for step in range(1, STEPS + 1):
        for region, value in ((1, 10), (2, 20), (3, 30), (4, 207)):
            assert (made[step, 0][regions[step] == region] == value).all()
        assert (made[step, 0][regions[step] == 0] == 0).all()


@pytest.mark.parametrize(("drift", "expected"), [(0.0, [0, 0, 0]), (1.0, [100, 120, 140]), (0.5, [50, 85, 112])])
def test_the_ground_drifts(drift: float, expected: list[int]) -> None:
    (made,) = frames(drift, 3)
    found = [int(made[step, 0, 0, 20]) for step in range(1, STEPS + 1)]
    assert found == pytest.approx(expected, abs=1)


def test_a_repainted_object_has_another_look_from_then_on_and_the_first_is_told() -> None:
    made = plan(3)
    where = np.zeros((4, STEPS), np.bool_)
    where[2, 1] = True
    normal = np.full((4, STEPS, 2), 90, np.float32)
    repainted = replace(job(3), looks=replace(made, repaints=Repaints(where, np.zeros((4, STEPS), np.float32), normal)))
    together = list(Engine(Painter(), HostTransfer(), 2, drift=0.0).run([repainted, repainted]))
    for _, found in together:
        assert isinstance(found, Frames)
        for step, values in ((1, {1: 10, 2: 20}), (2, {1: 10, 2: 90}), (3, {1: 10, 2: 90})):
            for region, value in values.items():
                assert (found.images[step, 0][made.regions[step] == region] == value).all()
        assert found.looks is not None
        assert found.looks.codes[1, 0] == 20


def test_samples_of_other_numbers_of_objects_share_a_batch() -> None:
    together = frames(0.5, 2, 4, 3)
    for made, objects in zip(together, (2, 4, 3), strict=True):
        assert np.array_equal(made, frames(0.5, objects, batch=1)[0])


def test_pixels_without_data_have_no_region_to_read() -> None:
    painter = Painter()
    valid = torch.ones(1, 1, SIZE, SIZE, dtype=torch.bool)
    valid[..., :5] = False
    image = torch.zeros(1, 3, SIZE, SIZE, dtype=torch.uint8)
    LookChain(painter, HostTransfer(), [plan(3)], image, valid, 0.0)
    regions = painter.requests[0].regions
    assert (regions[..., :5] == -1).all()
    assert torch.equal(regions[..., 5:], torch.from_numpy(plan(3).regions[:1, :, 5:]))


def test_a_synthesizer_without_looks_works_as_before() -> None:
    assert isinstance(Painter(), LooksSynthesizer)
    assert look_dim_of(Painter()) == 2
    assert look_dim_of(Plain()) == 0
    engine = Engine(Plain(), HostTransfer(), 2, drift=1.0)
    ((_, made),) = engine.run([job(3, looks=False)])
    assert isinstance(made, Frames)
    assert made.looks is None
    assert (made.images == 0).all()


def test_background_keep_repaints_whole_objects() -> None:
    """The object that moves overlaps where it was; there too it is painted anew."""
    engine = Engine(Painter(), HostTransfer(), 1, "keep")
    start = job(3)
    start.image[:] = 255
    ((_, made),) = engine.run([start])
    assert isinstance(made, Frames)
    assert (made.images[1, 0][plan(3).regions[1] == 1] == 10).all()
    assert (made.images[1, 0, :, 22:] == 255).all()


def test_the_looks_come_with_the_frames() -> None:
    """Those of each sample alone, whatever its neighbours in the batch have."""
    engine = Engine(Painter(), HostTransfer(), 4, drift=0.5)
    for objects, result in engine.run(job(n) for n in (2, 4, 3)):
        assert isinstance(result, Frames)
        looks = result.looks
        assert looks is not None
        assert looks.uids.tolist() == list(range(1, objects + 1))
        assert looks.codes.dtype == looks.ground.dtype == np.float32
        assert looks.codes[:, 0].tolist() == [*(10 * uid for uid in range(1, objects)), 207]
        assert looks.ground.tolist() == [[0, 0], [50, 50], [85, 85], [112.5, 112.5]]
        assert [round(float(code)) for code in looks.ground[1:, 0]] == result.images[1:, 0, 0, 20].tolist()


def test_looks_that_are_given_are_neither_read_nor_drawn() -> None:
    given = np.full((4, 2), np.nan, np.float32)
    given[0], given[3] = 60, 90
    start = job(3)
    assert start.looks is not None
    jobs = [job(4), replace(start, looks=replace(start.looks, given=given))]
    (_, plain), (_, made) = Engine(Painter(), HostTransfer(), 2).run(jobs)
    assert isinstance(plain, Frames)
    assert isinstance(made, Frames)
    assert plain.looks is not None
    assert made.looks is not None
    assert plain.looks.codes[:, 0].tolist() == [10, 20, 30, 207]
    assert made.looks.codes[:, 0].tolist() == [10, 20, 90]
    assert made.looks.ground[:, 0].tolist() == [60] * (STEPS + 1)
    assert made.images[1, 0, 0, 20] == 60


def test_who_borrows_a_look_that_is_given_gets_the_one_that_its_owner_has() -> None:
    given = np.full((4, 2), np.nan, np.float32)
    given[1] = 90
    start = job(3)
    assert start.looks is not None
    kinds = start.looks.kinds.copy()
    kinds[3] = BORROWED
    for lent, look in ((0.1, 90), (0.9, 20)):
        looks = replace(start.looks, given=given, kinds=kinds, lent=np.full(4, lent, np.float32))
        ((_, made),) = Engine(Painter(), HostTransfer(), 2).run([replace(start, looks=looks)])
        assert isinstance(made, Frames)
        assert made.looks is not None
        assert made.looks.codes[:, 0].tolist() == [90, 20, look]
