from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from changen_cli.training.config.options import parse_config
from tests.training.tiny import tiny_batch, tiny_gan, tiny_learner


def test_oasis_learns_from_real_pairs_of_one_label_map(recipe: Callable[..., dict[str, Any]]) -> None:
    """G sees S_t and never S_t+1; each pixel of a mixture comes from the image that its class was drawn for."""
    config = parse_config(recipe("oasis"))
    learner = tiny_gan(config)
    given: list[tuple[Tensor, ...]] = []
    discriminated: list[Tensor] = []
    learner.generator.register_forward_pre_hook(lambda module, args: given.append(args))
    learner.discriminators[0].register_forward_pre_hook(lambda module, args: discriminated.append(args[0].detach()))
    mixtures = set()
    for first in range(0, 24, 2):
        batch = tiny_batch(config.noise_dim, first)
        learner.step(batch)
        assert given[-1][0] is batch.before
        real, fake, mixed = discriminated[-1].chunk(3)
        assert torch.equal(real, batch.pixels)
        for k in range(2):
            taken = [bool((mixed[k] == real[k]).all(0)[batch.before[k] == c].all()) for c in (0, 1)]
            others = [bool((mixed[k] == fake[k]).all(0)[batch.before[k] == c].all()) for c in (0, 1)]
            assert [not t for t in taken] == others
            mixtures.add(tuple(taken))
    assert len(mixtures) == 4


def test_labelmix_is_an_option(recipe: Callable[..., dict[str, Any]]) -> None:
    with_it, without = (parse_config(recipe("oasis", labelmix=weight)) for weight in (10.0, 0.0))
    first, second = (
        [tiny_learner(config).step(tiny_batch(config.noise_dim, k)) for k in range(8)] for config in (with_it, without)
    )
    assert max(float(scalars["d_labelmix"]) for scalars in first) > 0  # a mixture may be all real or all synthesised
    assert max(float(scalars["d_labelmix"]) for scalars in second) == 0
