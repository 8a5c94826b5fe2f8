"""What holds for every condition, ours and anybody's."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from changen_cli import plugins
from changen_cli.conditions.apply import apply_conditions, apply_records, draw_conditions
from changen_cli.conditions.choose import STANDARD, Conditions, make_conditions
from changen_cli.errors import PluginError, UsageError
from tests.conditions.conftest import Images
from tests.fixtures.plugins import Install

OURS = [name for name, point in plugins.find(plugins.CONDITIONS).items() if point.value.startswith("changen_cli.")]
ALL = ",".join(OURS)
SURE = ["sharpness.chance=1", "shadow.chance=1", "compression.chance=1"]


def keys(count: int, date: int = 0) -> list[tuple[str | int, ...]]:
    return [(3, "scene", f"r{number}", 0, date) for number in range(count)]


def test_ours_are_these() -> None:
    assert OURS == ["compression", "haze", "light", "noise", "registration", "season", "shadow", "sharpness"]
    assert set(STANDARD.split(",")) < set(OURS)


@pytest.mark.parametrize("size", [(48, 40), (33, 37)])
@pytest.mark.parametrize("partly", [False, True], ids=["valid", "no data"])
def test_an_image_does_not_depend_on_its_batch(images: Images, size: tuple[int, int], partly: bool) -> None:
    batch, conditions = images(7, size=size), make_conditions(ALL)
    valid = None
    if partly:
        valid = torch.ones(7, *size, dtype=torch.bool)
        valid[2:4, :, 20:] = False
    whole = apply_conditions(batch, conditions, keys(7), valid)
    for parts in ((1,) * 7, (3, 4), (5, 2)):
        pieces, start = [], 0
        for count in parts:
            rows = slice(start, start + count)
            known = None if valid is None else valid[rows]
            pieces.append(apply_conditions(batch[rows], conditions, keys(7)[rows], known))
            start += count
        assert torch.equal(torch.cat(pieces), whole)
    backwards = apply_conditions(batch.flip(0), conditions, keys(7)[::-1], None if valid is None else valid.flip(0))
    assert torch.equal(backwards.flip(0), whole)


def test_what_other_devices_do_in_one_batch_is_what_a_cpu_does_one_by_one(images: Images) -> None:
    """Computed here: the way of a device that takes the whole batch, which on a CPU is not the one that is taken."""
    from changen_cli.conditions import apply

    batch, conditions = images(6, size=(48, 64)), make_conditions(ALL, SURE)
    records = [draw_conditions(conditions, key) for key in keys(6)]
    at_once = apply._apply(batch.clone(), conditions, records, None)
    assert torch.allclose(at_once, apply_records(batch, conditions, records), atol=1e-5)


@pytest.mark.parametrize("name", OURS)
def test_each_changes_images_within_their_range_and_leaves_what_it_was_given(images: Images, name: str) -> None:
    batch = images()
    kept = batch.clone()
    made = apply_conditions(batch, make_conditions(name, [s for s in SURE if s.startswith(name)]), keys(6))
    assert torch.equal(batch, kept)
    assert (made.shape, made.dtype) == (batch.shape, batch.dtype)
    assert made.is_contiguous()
    assert made.min() >= 0
    assert made.max() <= 1
    assert not made.isnan().any()
    assert all((one - other).abs().max() > 1e-4 for one, other in zip(made, batch, strict=True))


@pytest.mark.parametrize("name", OURS)
def test_strength(images: Images, name: str) -> None:
    """At 0 nothing happens; with more strength, more."""
    batch, sure = images(), [s for s in SURE if s.startswith(name)]
    assert torch.equal(apply_conditions(batch, make_conditions(f"{name}=0", sure), keys(6)), batch)
    weak, full, strong = (
        (apply_conditions(batch, make_conditions(f"{name}={strength}", sure), keys(6)) - batch).abs().mean()
        for strength in (0.25, 1, 2)
    )
    assert weak < full < strong


@pytest.mark.parametrize("name", OURS)
def test_black_white_and_tiny_images(name: str) -> None:
    batch = torch.cat([torch.zeros(1, 3, 16, 16), torch.ones(1, 3, 16, 16)])
    made = apply_conditions(batch, make_conditions(f"{name}=4"), keys(2))
    assert not made.isnan().any()
    assert made.min() >= 0
    assert made.max() <= 1


def test_dates_and_seeds_differ_and_repeat(images: Images) -> None:
    batch, conditions = images(2), make_conditions(STANDARD)
    first = apply_conditions(batch, conditions, keys(2))
    assert torch.equal(first, apply_conditions(batch, conditions, keys(2)))
    assert not torch.equal(first, apply_conditions(batch, conditions, keys(2, date=1)))


def test_a_condition_draws_the_same_whatever_is_beside_it(images: Images) -> None:
    alone = draw_conditions(make_conditions("haze"), keys(1)[0])
    among = draw_conditions(make_conditions("noise,haze,light"), keys(1)[0])
    assert among["haze"] == alone["haze"]
    assert list(among) == ["noise", "haze", "light"]


def test_records_are_plain_numbers_and_all_there_is_to_it(images: Images) -> None:
    batch, conditions = images(), make_conditions(ALL)
    records = [draw_conditions(conditions, key) for key in keys(6)]
    again = [
        {name: {n: tuple(values) for n, values in numbers.items()} for name, numbers in record.items()}
        for record in json.loads(json.dumps(records))
    ]
    assert again == records
    assert torch.equal(apply_records(batch, conditions, again), apply_conditions(batch, conditions, keys(6)))


def test_more_bands_than_three(images: Images) -> None:
    batch = images(3, bands=5)
    for name in set(OURS) - {"compression"}:
        made = apply_conditions(batch, make_conditions(name, [s for s in SURE if s.startswith(name)]), keys(3))
        assert made.shape == batch.shape
        assert torch.equal(made[:, 3:], batch[:, 3:]) == (name == "season")


def test_no_data_stays_black_and_does_not_bleed(images: Images) -> None:
    batch = torch.full((3, 3, 48, 48), 0.7)
    valid = torch.ones(3, 1, 48, 48, dtype=torch.bool)
    valid[:, :, 30:] = False
    conditions = make_conditions("registration=2,sharpness", ["sharpness.chance=1"])
    made = apply_conditions(batch * valid, conditions, keys(3), valid)
    assert (made[~valid.expand_as(made)] == 0).all()
    assert torch.allclose(made[valid.expand_as(made)], torch.tensor(0.7), atol=1e-4)


def test_nothing_to_do_gives_the_images_back(images: Images) -> None:
    batch = images()
    assert apply_conditions(batch, Conditions(), keys(6)) is batch


def test_a_trainers_precision_is_not_ours(images: Images) -> None:
    batch, conditions = images(), make_conditions(STANDARD)
    plain = apply_conditions(batch.requires_grad_(), conditions, keys(6))
    assert not plain.requires_grad
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(apply_conditions(batch, conditions, keys(6)), plain)


def test_what_cannot_be_used_is_said(images: Images) -> None:
    conditions = make_conditions("haze")
    with pytest.raises(UsageError, match="6 images and 2 keys"):
        apply_conditions(images(), conditions, keys(2))
    for wrong in (images().double(), images()[0], images(size=(8, 40)), (images() * 255).byte()):
        with pytest.raises(UsageError, match=r"must be torch\.float32 \[B, C, H, W\]"):
            apply_conditions(wrong, conditions, keys(len(wrong)))
    with pytest.raises(UsageError, match="season needs the bands red, green and blue"):
        apply_conditions(images(bands=1), make_conditions("season"), keys(6))
    with pytest.raises(UsageError, match="one band or three; these have 4"):
        apply_conditions(images(bands=4), make_conditions("compression"), keys(6))


FAULTY = """
from dataclasses import dataclass
from typing import ClassVar

import torch


@dataclass(frozen=True)
class Base:
    name: ClassVar[str] = "faulty"

    def draw(self, rng, bands):
        return {"x": 1}

    def apply(self, images, drawn):
        return images


class NoTensor(Base):
    def apply(self, images, drawn):
        return None


class Crops(Base):
    def apply(self, images, drawn):
        return images[:, :, 1:]


class DrawsText(Base):
    def draw(self, rng, bands):
        return {"x": "much"}


class DrawsNan(Base):
    def draw(self, rng, bands):
        return {"x": float("nan")}


class DrawsOtherLengths(Base):
    def draw(self, rng, bands):
        return {"x": [1] * int(rng.integers(1, 100))}
"""


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("NoTensor", "returned NoneType; it must return a tensor"),
        ("Crops", r"returned torch.float32 \[1, 3, 47, 40\] on cpu; it must return torch.float32 \[1, 3, 48, 40\]"),
        ("DrawsText", "drew .*, which is no mapping of name to numbers"),
        ("DrawsNan", r"drew x=\(nan,\); it must draw finite numbers"),
    ],
)
def test_a_plugin_that_breaks_its_contract_is_named(install: Install, images: Images, kind: str, message: str) -> None:
    install("faulty", {"faulty": f"faulty:{kind}"}, FAULTY, group=plugins.CONDITIONS)
    with pytest.raises(PluginError, match=f"condition 'faulty' {message}"):
        apply_conditions(images(), make_conditions("faulty"), keys(6))


def test_numbers_of_other_lengths_are_refused_where_they_meet(install: Install, images: Images) -> None:
    from changen_cli.conditions import apply

    install("faulty", {"faulty": "faulty:DrawsOtherLengths"}, FAULTY, group=plugins.CONDITIONS)
    conditions = make_conditions("faulty")
    records = [draw_conditions(conditions, key) for key in keys(6)]
    assert len({len(record["faulty"]["x"]) for record in records}) > 1
    with pytest.raises(PluginError, match="draws other numbers for one image than for another"):
        apply._apply(images(), conditions, records, None)


def test_a_plugin_that_returns_what_it_was_given_does_not_share_it(install: Install, images: Images) -> None:
    install("faulty", {"faulty": "faulty:Base"}, FAULTY, group=plugins.CONDITIONS)
    batch = images(1)
    made = apply_conditions(batch, make_conditions("faulty"), keys(1))
    assert torch.equal(made, batch)
    made.zero_()
    assert batch.any()


def test_numbers_are_independent_of_numpys_global_state() -> None:
    conditions = make_conditions(ALL)
    np.random.seed(0)  # noqa: NPY002  # what must not matter
    first = draw_conditions(conditions, keys(1)[0])
    np.random.seed(1)  # noqa: NPY002  # what must not matter
    assert draw_conditions(conditions, keys(1)[0]) == first
