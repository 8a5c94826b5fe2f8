from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from changen_cli.metrics.change.agreement import LabelAgreement, buildings
from changen_cli.metrics.change.pairs import Pair

Make = Callable[..., Pair]


def test_perfect_reading(make_pair: Make) -> None:
    pair = make_pair()
    agreement = LabelAgreement()
    agreement.update(pair, pair.building_after)
    agreement.update_real(pair.building_before, pair.valid, pair.building_before)
    found = agreement.compute()
    assert [found[name] for name in ("created", "removed", "kept", "background", "iou")] == [1] * 5
    assert found["real"] == {"building": 1, "background": 1, "iou": 1}
    assert found["pixels"] == {
        "created": 300,
        "removed": 600,
        "kept": 480,
        "background": 96 * 96 - 1380,
    }


def test_parts_are_apart(make_pair: Make) -> None:
    """A synthesiser that never removes and draws half of what is created, over two pairs of unequal luck."""
    agreement = LabelAgreement()
    first, second = make_pair(0), make_pair(1)
    half = first.created & (np.arange(96)[None] < 20)
    agreement.update(first, first.kept | first.removed | half)
    agreement.update(second, second.kept | second.created | second.removed)
    found = agreement.compute()
    assert found["created"] == pytest.approx(0.75)
    assert found["removed"] == 0
    assert (found["kept"], found["background"]) == (1, 1)
    assert found["iou"] == pytest.approx((480 + 150 + 480 + 300) / (480 + 300 + 600) / 2)


def test_calling_everything_building_shows_in_background(make_pair: Make) -> None:
    agreement = LabelAgreement()
    pair = make_pair()
    agreement.update(pair, np.ones_like(pair.valid))
    agreement.update_real(pair.building_before, pair.valid, np.ones_like(pair.valid))
    found = agreement.compute()
    assert (found["created"], found["removed"], found["background"]) == (1, 0, 0)
    assert found["real"]["iou"] == pytest.approx(1080 / 96**2)


def test_missing_data_does_not_count(make_pair: Make) -> None:
    pair = make_pair()
    valid = pair.valid.copy()
    valid[:50] = False
    parts = {name: getattr(pair, name) & valid for name in ("created", "removed", "kept", "ground")}
    agreement = LabelAgreement()
    agreement.update(replace(pair, valid=valid, **parts), np.ones_like(valid))
    found = agreement.compute()
    assert found["removed"] is None
    assert found["iou"] == pytest.approx(780 / (46 * 96))


def test_levir_layout_knows_no_kept_buildings(make_pair: Make) -> None:
    pair = make_pair()
    agreement = LabelAgreement()
    agreement.update(replace(pair, kept=None), pair.building_after)
    found = agreement.compute()
    assert (found["created"], found["removed"]) == (1, 1)
    assert [found[name] for name in ("kept", "background", "iou")] == [None] * 3
    assert found["real"]["iou"] is None


def test_logits_of_one_and_of_several_classes() -> None:
    one = torch.tensor([[[[-1.0, 2.0]]]])
    many = torch.tensor([[[[3.0, 0.0]], [[1.0, 1.0]], [[2.0, 5.0]]]])
    assert buildings(one).tolist() == buildings(many).tolist() == [[[False, True]]]
