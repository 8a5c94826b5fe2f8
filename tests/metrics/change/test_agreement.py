from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from changen_cli.metrics.change.agreement import AGREEMENT, LabelAgreement, buildings, scaled
from changen_cli.metrics.pairs import Pair
from changen_cli.types import BoolArray

Make = Callable[..., Pair]


def known(region: BoolArray | None) -> BoolArray:
    assert region is not None
    return region


def test_perfect_reading(make_pair: Make) -> None:
    pair = make_pair()
    agreement = LabelAgreement()
    agreement.see_reading(pair, known(pair.building_after), real=False)
    agreement.see_reading(pair, known(pair.building_before), real=True)
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
    agreement.see_reading(first, known(first.kept) | first.removed | half, real=False)
    agreement.see_reading(second, known(second.kept) | second.created | second.removed, real=False)
    found = agreement.compute()
    assert found["created"] == pytest.approx(0.75)
    assert found["removed"] == 0
    assert (found["kept"], found["background"]) == (1, 1)
    assert found["iou"] == pytest.approx((480 + 150 + 480 + 300) / (480 + 300 + 600) / 2)


def test_calling_everything_building_shows_in_background(make_pair: Make) -> None:
    agreement = LabelAgreement()
    pair = make_pair()
    agreement.see_reading(pair, np.ones_like(pair.valid), real=False)
    agreement.see_reading(pair, np.ones_like(pair.valid), real=True)
    found = agreement.compute()
    assert (found["created"], found["removed"], found["background"]) == (1, 0, 0)
    assert found["real"]["iou"] == pytest.approx(1080 / 96**2)


def test_missing_data_does_not_count(make_pair: Make) -> None:
    pair = make_pair()
    valid = pair.valid.copy()
    valid[:50] = False
    parts = {name: getattr(pair, name) & valid for name in ("created", "removed", "kept", "ground")}
    agreement = LabelAgreement()
    agreement.see_reading(replace(pair, valid=valid, **parts), np.ones_like(valid), real=False)
    found = agreement.compute()
    assert found["removed"] is None
    assert found["iou"] == pytest.approx(780 / (46 * 96))


def test_scale_is_0_for_what_i_t_shows_and_1_for_what_real_images_show(make_pair: Make) -> None:
    """A segmenter that sees nine of ten rows of real roofs, and one of ten of bare ground."""
    pair = make_pair()
    rows = np.arange(96)[:, None] + np.zeros((1, 96), int)
    read = known(pair.building_before) & (rows % 10 != 0) | ~known(pair.building_before) & (rows % 10 == 0)
    unchanged, real, half = LabelAgreement(), LabelAgreement(), LabelAgreement()
    for agreement in (unchanged, real, half):
        agreement.see_reading(pair, read, real=True)
    unchanged.see_reading(pair, read, real=False)
    found = unchanged.compute()
    assert [found[f"{name}_scaled"] for name in ("created", "removed", "iou")] == [0, 0, 0]
    assert {name: found[name] for name in ("created", "removed", "iou")} == found["copy"]
    swapped = replace(pair, created=pair.removed, removed=pair.created)  # S_t+1 is what I_t shows
    real.see_reading(swapped, read, real=False)
    found = real.compute()
    assert found["iou_scaled"] == pytest.approx(1)
    assert found["created_scaled"] == pytest.approx(1, abs=0.02)  # 20 rows of 30 columns
    columns = np.arange(96)[None] + np.zeros((96, 1), int)
    half.see_reading(pair, pair.created & (columns < 20), real=False)
    found = half.compute()
    expected = (0.5 - found["copy"]["created"]) / (found["real"]["building"] - found["copy"]["created"])
    assert found["created_scaled"] == pytest.approx(expected)
    assert "on the scale from 0, unchanged, to 1, real" in AGREEMENT.lines(AGREEMENT, found)[0].detail


@pytest.mark.parametrize("values", [(None, 0.1, 0.9), (0.5, None, 0.9), (0.5, 0.1, None), (0.5, 0.9, 0.9)])
def test_no_scale_where_real_images_show_no_more_than_unchanged_ones(values: tuple[float | None, ...]) -> None:
    assert scaled(*values) is None


def test_levir_layout_knows_no_kept_buildings(make_pair: Make) -> None:
    pair = make_pair()
    agreement = LabelAgreement()
    agreement.see_reading(replace(pair, kept=None), known(pair.building_after), real=False)
    found = agreement.compute()
    assert (found["created"], found["removed"]) == (1, 1)
    assert [found[name] for name in ("kept", "background", "iou")] == [None] * 3
    assert found["real"]["iou"] is None


def test_logits_of_one_and_of_several_classes() -> None:
    one = torch.tensor([[[[-1.0, 2.0]]]])
    many = torch.tensor([[[[3.0, 0.0]], [[1.0, 1.0]], [[2.0, 5.0]]]])
    assert buildings(one).tolist() == buildings(many).tolist() == [[[False, True]]]


def test_declaration_reads_its_own_result(make_pair: Make) -> None:
    pair = make_pair()
    agreement = LabelAgreement()
    agreement.see_reading(pair, known(pair.building_after), real=False)
    agreement.see_reading(replace(pair, kept=None), known(pair.building_after), real=True)  # passed over
    found = agreement.compute()
    lines = AGREEMENT.lines(AGREEMENT, found)
    assert [line.value for line in lines] == ["100.0%"] * 5
    assert lines[3].detail == f"unchanged ground seen as background; real -; {found['pixels']['background']} px"
    (chart,) = AGREEMENT.charts(found)
    assert [(bar.title, bar.value, bar.behind) for bar in chart.bars][-1] == ("iou", 1, None)
    assert {column.key for column in AGREEMENT.columns} <= found.keys()
    ceilings = {column.ceiling for column in AGREEMENT.columns if column.ceiling is not None}
    assert ceilings == found["real"].keys()
