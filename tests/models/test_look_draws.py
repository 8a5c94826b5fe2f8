"""Whose look a region takes: the one rule of training and of generating."""

from __future__ import annotations

import torch
from torch import Tensor

from changen_cli.models.look_draws import LookDraws, choose_sources
from changen_cli.models.look_kinds import BORROWED, DRAWN, OWN

COUNT = 6


def regions() -> Tensor:
    """Samples with objects 1 and 2; with 2 and 4; with none; with 1 where there is data, and 3 where there is none."""
    found = torch.zeros(4, 8, 8, dtype=torch.int32)
    for n, objects in enumerate([(1, 2), (2, 4), (), (1,)]):
        for row, number in enumerate(objects):
            found[n, 2 * row : 2 * row + 2, 1:3] = number
    found[3, 4:] = -1
    return found


def lent() -> Tensor:
    return torch.rand(4, COUNT, generator=torch.Generator().manual_seed(3))


def chosen(kind: int, numbers: Tensor | None = None) -> Tensor:
    return choose_sources(regions(), torch.full((4, 1), kind), lent() if numbers is None else numbers)


def test_whose_look_a_region_takes() -> None:
    own, borrowed, drawn = map(chosen, (OWN, BORROWED, DRAWN))
    assert own[:, 0].tolist() == borrowed[:, 0].tolist() == [0] * 4
    assert (drawn == -1).all()
    for n, objects in ((0, {1, 2}), (1, {2, 4}), (3, {1})):
        assert {uid: int(own[n, uid]) for uid in objects} == {uid: uid for uid in objects}
        assert {int(x) for x in own[n, 1:]} <= objects  # one that is not seen has another one's
        assert {int(x) for x in borrowed[n, 1:]} <= objects
    assert own[2, 1:].tolist() == borrowed[2, 1:].tolist() == [-1] * 5  # nobody to borrow from


def test_everybody_is_lent_from_equally() -> None:
    numbers = torch.linspace(0, 1, 4000).expand(4, 4000)
    found = choose_sources(regions(), torch.full((4, 1), BORROWED), numbers)[:, 1:]
    assert {int(x): int((found[1] == x).sum()) for x in found[1].unique()} == {2: 1999, 4: 2000}


def test_each_region_has_a_kind_of_its_own() -> None:
    kinds = torch.tensor([[OWN, OWN, DRAWN, BORROWED, DRAWN, OWN]]).expand(4, -1)
    found = choose_sources(regions(), kinds, lent())
    assert (found[:, 0] == 0).all()
    assert (found[:, [2, 4]] == -1).all()
    assert torch.equal(found[:, 3], chosen(BORROWED)[:, 3])
    assert torch.equal(found[:, [1, 5]], chosen(OWN)[:, [1, 5]])


def test_samples_do_not_mix_and_part_takes_them() -> None:
    whole = LookDraws(chosen(BORROWED), lent(), torch.rand(4, COUNT, 3))
    for n in range(4):
        part = whole.part(n, n + 1)
        assert len(part) == 1
        alone = choose_sources(regions()[n : n + 1], torch.full((1, 1), BORROWED), lent()[n : n + 1])
        assert torch.equal(part.source, alone)
        assert torch.equal(part.normal[0], whole.normal[n])


def test_the_host_does_not_wait_for_the_device() -> None:
    found = choose_sources(regions().to("meta"), torch.full((4, 1), OWN, device="meta"), lent().to("meta"))
    assert (found.device.type, found.shape, found.dtype) == ("meta", (4, COUNT), torch.int64)
