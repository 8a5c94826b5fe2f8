from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from changen_cli.training.config.options import parse_config
from changen_cli.training.data.batch import TrainingBatch, with_counts
from changen_cli.training.data.loader import batches
from changen_cli.training.data.samplers import CropBatches, make_samplers
from tests.training.tiny import TINY, tiny_batch, tiny_learner

UNMOVED: dict[str, tuple[str, ...]] = {
    # normalisation over the pixels of a channel takes a bias before it away again
    "changen": ("destyle.bias",),
    # while all scores lie within the hinge, what real and what synthesised pairs ask of the last bias cancels
    "deepfill": ("layers.5.bias",),
    "spade": ("last.bias", "layers.1.bias", "layers.2.bias", "layers.3.bias"),
}
"""By model, endings of the names of parameters that two steps leave as they are."""


@pytest.mark.parametrize("model", TINY)
def test_every_parameter_is_trained(model: str, recipe: Callable[..., dict[str, Any]]) -> None:
    config = parse_config(recipe(model))
    learner = tiny_learner(config)
    networks = learner.networks
    before = [{name: p.detach().clone() for name, p in network.named_parameters()} for network in networks]
    for iteration in range(2):
        scalars = learner.step(tiny_batch(config.noise_dim, 2 * iteration))
        learner.update_ema(iteration + 1)
        assert tuple(scalars) == learner.columns
        assert all(torch.isfinite(v) and v.shape == () and not v.requires_grad for v in scalars.values())
    for network, old in zip(networks, before, strict=True):
        still = [name for name, p in network.named_parameters() if torch.equal(p, old[name])]
        assert not [name for name in still if not name.endswith(UNMOVED.get(model, ()))]
    moved = dict(learner.ema.network.named_parameters())
    assert any(not torch.equal(p, before[0][name]) for name, p in moved.items())


@pytest.mark.parametrize("model", TINY)
def test_bfloat16_gives_nearly_the_same_losses(model: str, recipe: Callable[..., dict[str, Any]]) -> None:
    config = parse_config(recipe(model))
    exact, rounded = (
        tiny_learner(config, p).step(tiny_batch(config.noise_dim)) for p in (torch.float32, torch.bfloat16)
    )
    for name in exact:
        if "right" not in name and name != "iou":
            assert float(rounded[name]) == pytest.approx(float(exact[name]), rel=0.06, abs=0.02), name
            assert rounded[name].dtype == torch.float32


def test_parts_weigh_classes_as_the_whole_batch_does(tiny_recipe: dict[str, Any]) -> None:
    """One part has no building at all; weighed by itself its ground would count twice as much."""
    draw = torch.Generator().manual_seed(0)
    before = (torch.rand(4, 64, 64, generator=draw) > 0.8).to(torch.uint8)
    before[:2] = 0
    uids = torch.stack([before, 1 - before], 1).int()
    image, noise = torch.zeros(4, 3, 64, 64, dtype=torch.uint8), torch.randn(4, 16, generator=draw)
    whole = TrainingBatch(image, before, 1 - before, noise, torch.ones(4, 64, 64, dtype=torch.bool), uids)
    config = parse_config(tiny_recipe)
    parts = with_counts(whole.parts(2), 2, None)
    expected = torch.stack([torch.stack([(m == c).sum() for c in (0, 1)]) for m in (before, 1 - before)]).float()
    assert all(torch.equal(part.counts, expected) for part in parts if part.counts is not None)
    learner = tiny_learner(config)
    for part in parts:
        for found, wanted in zip(learner.balance(part), learner.balance(whole), strict=True):
            assert found is not None
            assert wanted is not None
            assert torch.equal(found, wanted)
    by_itself, together = learner.balance(replace(parts[0], counts=None))[0], learner.balance(whole)[0]
    assert by_itself is not None
    assert together is not None
    assert not torch.equal(by_itself, together)


def test_accumulation_gives_the_gradients_of_the_whole_batch(tiny_recipe: dict[str, Any]) -> None:
    config = parse_config(tiny_recipe | {"batch_size": 3, "changed": 4.0})
    (batch,) = batches(CropBatches(make_samplers(config).train, 16), 0, 1, batch_size=3)
    found: list[list[Tensor]] = []
    scalars: list[dict[str, Tensor]] = []
    for most in (0, 2):
        learner = tiny_learner(config)
        scalars.append(learner.step(*batch.parts(most)))
        found.append([p.grad for network in learner.networks for p in network.parameters() if p.grad is not None])
        found[-1] += [b.clone() for network in learner.networks for b in network.buffers()]
    assert len(found[0]) > 100
    for whole, parts in zip(*found, strict=True):
        torch.testing.assert_close(parts, whole, rtol=1e-3, atol=2e-5)
    for name, value in scalars[0].items():
        assert float(scalars[1][name]) == pytest.approx(float(value), rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("model", TINY)
def test_the_state_is_given_back(model: str, recipe: Callable[..., dict[str, Any]]) -> None:
    config = parse_config(recipe(model))
    learner, other = tiny_learner(config), tiny_learner(replace(config, seed=1))
    learner.step(tiny_batch(config.noise_dim))
    learner.update_ema(1)
    other.restore(learner.state())
    for a, b in zip((*learner.networks, learner.ema.network), (*other.networks, other.ema.network), strict=True):
        assert all(torch.equal(x, y) for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True))


def test_rates_are_those_of_the_recipe_again(recipe: Callable[..., dict[str, Any]]) -> None:
    learner = tiny_learner(parse_config(recipe("oasis", lr_generator=0.25, lr_discriminator=0.5, betas=[0.1, 0.2])))
    other = tiny_learner(parse_config(recipe("oasis")))
    learner.restore(other.state())
    learner.reset_rates()
    groups = [group for optimizer in learner.optimizers for group in optimizer.param_groups]
    assert [(group["lr"], group["betas"]) for group in groups] == [(0.25, (0.1, 0.2)), (0.5, (0.1, 0.2))]
