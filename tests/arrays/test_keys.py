from __future__ import annotations

from changen_cli import rng
from changen_cli.arrays.keys import key_of


def test_each_seed_has_its_own_draws() -> None:
    assert len({rng.generator(*key_of(seed)).random() for seed in range(3)}) == 3
