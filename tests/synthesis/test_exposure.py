from __future__ import annotations

import torch

from changen_cli.conditions.apply import apply_records, draw_conditions
from changen_cli.conditions.choose import STANDARD, Conditions, make_conditions
from changen_cli.models.units import from_unit, to_unit
from changen_cli.synthesis.exposure import Exposure
from changen_cli.synthesis.transfer import HostTransfer

KEYS = [(0, "scene", "r0", 0), (0, "scene", "r1", 0)]


def bytes_of(date: int) -> torch.Tensor:
    return torch.randint(0, 256, (2, 3, 40, 48), generator=torch.Generator().manual_seed(date)).to(torch.uint8)


def test_without_conditions_images_pass_as_they_are() -> None:
    exposure = Exposure(Conditions(), HostTransfer(), KEYS, None)
    for date in (0, 1):
        exposure.take(bytes_of(date), date)
    assert [(frame() == bytes_of(date).numpy()).all() for date, frame in enumerate(exposure.frames)] == [True, True]
    assert exposure.of(0) == exposure.of(1) == ()


def test_each_date_is_under_conditions_of_its_own() -> None:
    conditions = make_conditions(STANDARD)
    exposure = Exposure(conditions, HostTransfer(), KEYS, None)
    for date in (0, 1, 2):
        image = bytes_of(date)
        exposure.take(image, date)
        assert torch.equal(image, bytes_of(date)), "what the next date is made from stays"
    for sample, key in enumerate(KEYS):
        assert exposure.of(sample) == tuple(draw_conditions(conditions, (*key, date)) for date in (0, 1, 2))
    assert len({str(exposure.of(sample)[date]) for sample in (0, 1) for date in (0, 1, 2)}) == 6
    for date, frame in enumerate(exposure.frames):
        records = [exposure.of(sample)[date] for sample in (0, 1)]
        wanted = from_unit(apply_records(to_unit(bytes_of(date)), conditions, records))
        assert (frame() == wanted.numpy()).all()


def test_no_data_stays_black() -> None:
    valid = torch.ones(2, 1, 40, 48, dtype=torch.bool)
    valid[0, :, 20:] = False
    exposure = Exposure(make_conditions("light,haze"), HostTransfer(), KEYS, valid)
    exposure.take(bytes_of(0) * valid, 0)
    (frame,) = (wait() for wait in exposure.frames)
    assert not frame[0, :, 20:].any()
    assert frame[1, :, 20:].any()
