"""Looks are read from regions, kept, and drawn from what was kept."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from changen_cli.models.changen.look_encoder import LookEncoder, ReadLooks
from changen_cli.models.look_draws import LookDraws

DIM, COUNT = 6, 4


def encoder(memory: int = 8) -> LookEncoder:
    torch.manual_seed(0)
    return LookEncoder(DIM, memory).eval()


def scene() -> tuple[Tensor, Tensor]:
    draw = torch.Generator().manual_seed(1)
    regions = torch.zeros(2, 48, 40, dtype=torch.int32)
    regions[0, 4:20, 4:20] = 1
    regions[0, 34:46, 22:38] = 2
    regions[1, 10:30, 10:30] = 3
    return torch.rand(2, 3, 48, 40, generator=draw) * 2 - 1, regions


def draws(source: list[list[int]]) -> LookDraws:
    draw = torch.Generator().manual_seed(2)
    shape = (len(source), COUNT)
    return LookDraws(torch.tensor(source), torch.rand(shape, generator=draw), torch.randn(*shape, DIM, generator=draw))


def test_only_regions_with_pixels_are_seen() -> None:
    image, regions = scene()
    read = encoder()(image, regions.masked_fill(regions == 2, -1), COUNT)
    assert read.seen.tolist() == [[True, True, False, False], [True, False, False, True]]
    assert read.mean.shape == read.deviation.shape == (2, COUNT, DIM)


def test_a_look_depends_on_its_region_far_more_than_on_the_rest() -> None:
    image, regions = scene()
    other = image.clone()
    other[0, :, 4:20, 4:20] = 0.9
    network = encoder()
    with torch.inference_mode():
        change = (network(image, regions, COUNT).mean - network(other, regions, COUNT).mean).abs().amax(2)
    assert change[0, 1] > 0.02
    assert change[0, 2] < 1e-6  # beyond the reach of the convolutions, 7 pixels
    assert change[1].max() == 0


def test_looks_are_own_lent_or_drawn() -> None:
    network = encoder()
    read = ReadLooks(
        mean=torch.arange(COUNT).float().view(1, -1, 1).expand(1, COUNT, DIM).contiguous(),
        log_variance=torch.full((1, COUNT, DIM), -2.0),
        seen=torch.tensor([[True, True, False, True]]),
    )
    asked = draws([[0, 3, 2, -1]])
    codes = network.choose(read, asked)
    assert codes[0, 0].unique().tolist() == [0]
    assert codes[0, 1].unique().tolist() == [3]  # lent by region 3
    drawn = network.draw(asked.pick, asked.normal)
    assert torch.equal(codes[0, 2:], drawn[0, 2:])  # region 2 is not seen, region 3 was to be drawn
    sampled = network.choose(read, asked, sampled=True)
    torch.testing.assert_close(sampled[0, 1], 3 + torch.exp(torch.tensor(-1.0)) * asked.normal[0, 1])


def test_new_looks_are_standard_normal_before_any_is_kept_and_then_near_one_that_is() -> None:
    network, asked = encoder(memory=3), draws([[-1] * COUNT])
    assert torch.equal(network.draw(asked.pick, asked.normal), asked.normal)
    ground, objects = torch.full((1, DIM), 7.0), torch.tensor([[1.0], [2.0], [3.0], [4.0]]).expand(4, DIM)
    network.keep(ground, torch.full((1, DIM), 0.1), 0)
    network.keep(objects, torch.zeros(4, DIM), 1)  # one more than there is room for: the first gives way
    assert network.kept.tolist() == [1, 4]
    made = network.draw(torch.tensor([[0.99, 0.0, 0.5, 0.999999]]), asked.normal)
    torch.testing.assert_close(made[0, 0], 7 + 0.1 * asked.normal[0, 0])
    assert {float(row[0]) for row in made[0, 1:]} <= {2.0, 3.0, 4.0}
    assert torch.equal(made[0, 1:, 0], made[0, 1:, 1])


def test_all_that_is_kept_is_drawn() -> None:
    network = encoder(memory=4)
    network.keep(torch.arange(4).float().view(4, 1).expand(4, DIM), torch.zeros(4, DIM), 1)
    pick = torch.linspace(0, 1, 101).view(1, -1)
    made = network.draw(pick, torch.zeros(1, 101, DIM))[0, 1:, 0]
    assert {float(x) for x in made} == {0.0, 1.0, 2.0, 3.0}


@pytest.mark.parametrize("amount", [0.0, 0.3, 0.7, 1.0])
def test_drift_moves_the_ground_and_keeps_its_spread(amount: float) -> None:
    network = encoder(memory=4000)
    draw = torch.Generator().manual_seed(3)
    looks = 2 + 0.5 * torch.randn(8000, DIM, generator=draw)
    network.keep(looks[:4000], torch.zeros(4000, DIM), 0)
    ground, drawn = looks[:4000], looks[4000:]
    moved = network.drift(ground, drawn, amount)
    assert moved.mean() == pytest.approx(2, abs=0.03)
    assert moved.std() == pytest.approx(0.5, abs=0.02)
    expected = (1 - amount**2) ** 0.5
    assert torch.corrcoef(torch.stack([moved.flatten(), ground.flatten()]))[0, 1] == pytest.approx(expected, abs=0.03)
    if amount in (0, 1):
        assert torch.equal(moved, drawn if amount else ground)


def test_everything_works_on_the_meta_device() -> None:
    network = encoder().to("meta")
    image, regions = (x.to("meta") for x in scene())
    read = network(image, regions, COUNT)
    asked = draws([[0, 1, 2, -1]] * 2)
    asked = LookDraws(*(getattr(asked, name).to("meta") for name in ("source", "pick", "normal")))
    assert network.choose(read, asked, sampled=True).shape == (2, COUNT, DIM)
