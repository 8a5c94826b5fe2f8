from __future__ import annotations

import pytest
import torch

from changen_cli.conditions.choose import Conditions, make_conditions
from changen_cli.models.units import to_pixels
from changen_cli.training.config.pairs import AugmentOptions
from changen_cli.training.data.pairs.batch import PairBatch
from changen_cli.training.data.pairs.finish import Finisher
from changen_cli.training.data.pairs.synthesised import OnTheFly

PLAIN = AugmentOptions(turns="none", jitter=0.0)


def finisher(fly: OnTheFly | None, conditions: str = "none", augment: AugmentOptions | None = PLAIN) -> Finisher:
    return Finisher(fly, make_conditions(conditions), augment, seed=3, stream="train")


def test_pixels_are_those_of_the_images(fly: OnTheFly, simulated: PairBatch) -> None:
    made = finisher(fly)(simulated)
    assert made.pixels is not None
    assert made.pixels.shape == (4, 2, 3, 64, 64)
    torch.testing.assert_close(made.pixels[:, 1], to_pixels(made.images[:, 1]).contiguous())
    assert made.jobs == (None,) * 4
    before, after = made.inputs
    assert torch.equal(after, made.pixels[:, 1])
    assert before.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("augment", [AugmentOptions(jitter=0.3, swap=0.5), None], ids=["train", "val"])
def test_a_pair_does_not_depend_on_the_part_it_is_in(
    fly: OnTheFly, simulated: PairBatch, augment: AugmentOptions | None
) -> None:
    finish = finisher(fly, "light,registration,noise", augment)
    whole = finish(simulated)
    parts = [finish(part) for part in simulated.parts(1)]
    assert whole.pixels is not None
    for number, part in enumerate(parts):
        assert part.pixels is not None
        assert torch.equal(part.pixels[0], whole.pixels[number])
        assert torch.equal(part.layouts[0], whole.layouts[number])


def test_each_date_is_under_conditions_of_its_own(simulated: PairBatch) -> None:
    same = PairBatch(**{**simulated.__dict__, "jobs": (None,) * 4})
    plain, under = finisher(None)(same), finisher(None, "light")(same)
    assert plain.pixels is not None
    assert under.pixels is not None
    assert torch.equal(plain.pixels[:, 0], plain.pixels[:, 1])
    assert not torch.allclose(under.pixels[:, 0], under.pixels[:, 1], atol=0.02)
    assert torch.equal(under.change, plain.change)
    # real pairs that are validated on are as they were taken
    untouched = finisher(None, "light", None)(same)
    assert untouched.pixels is not None
    assert torch.equal(untouched.pixels, plain.pixels)


def test_swapped_dates_swap_their_layouts_and_keep_the_change(fly: OnTheFly, simulated: PairBatch) -> None:
    plain, swapped = finisher(fly)(simulated), finisher(fly, augment=AugmentOptions(jitter=0.0, swap=1.0))(simulated)
    assert torch.equal(swapped.images, plain.images.flip(1))
    assert torch.equal(swapped.layouts, plain.layouts.flip(1))
    assert torch.equal(swapped.change, plain.change)


def test_a_pair_that_cannot_be_made_has_no_change(
    fly: OnTheFly, simulated: PairBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fly, "fill", lambda images, jobs: (images, [2]))
    made = Finisher(fly, Conditions(), PLAIN, seed=0, stream="train")(simulated)
    assert not made.change[2].any()
    assert torch.equal(made.layouts[2, 0], made.layouts[2, 1])
    assert made.change[1].any()
    assert simulated.change[2].any()  # what came in is not changed


def test_where_there_is_no_image_there_is_black(simulated: PairBatch) -> None:
    valid = simulated.valid.clone()
    valid[:, :8] = False
    made = finisher(None, "light", AugmentOptions(jitter=0.3))(PairBatch(**{**simulated.__dict__, "valid": valid}))
    assert made.pixels is not None
    assert bool((made.pixels[..., :8, :] == -1).all())
