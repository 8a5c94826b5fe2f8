from __future__ import annotations

import colorsys

import numpy as np
import pytest
import torch

from changen_cli.conditions.palette import Palette
from changen_cli.conditions.season import LUMA
from changen_cli.rng import generator

SOIL, ROOF, ROAD = (0.5, 0.38, 0.3), (0.60, 0.40, 0.35), (0.45, 0.45, 0.45)


def palette(turn: float, *colours: tuple[float, ...]) -> list[list[float]]:
    images = torch.tensor(colours).T.reshape(1, -1, 1, len(colours)).clone()
    return Palette().apply(images, {"turn": np.array([turn])})[0, :, 0].T.tolist()


def test_draws_are_turns_of_some_images() -> None:
    turns = np.array([Palette().draw(generator(n), 3)["turn"] for n in range(800)])
    assert np.mean(turns != 0) == pytest.approx(0.5, abs=0.05)
    assert -180 <= turns.min() < -170
    assert 170 < turns.max() <= 180
    assert Palette(chance=1, turn=10, strength=4).draw(generator(1), 3)["turn"] != 0
    weaker = [Palette(strength=0.5).draw(generator(n), 3)["turn"] for n in range(800)]
    assert max(map(abs, weaker)) <= 90


@pytest.mark.parametrize("turn", [-120.0, -30.0, 60.0, 180.0])
def test_hues_turn_by_the_angle_and_greys_and_brightness_stay(turn: float) -> None:
    *colours, road = palette(turn, SOIL, ROOF, ROAD)
    assert road == pytest.approx(ROAD, abs=1e-6)
    for before, after in zip((SOIL, ROOF), colours, strict=True):
        assert np.dot(LUMA, after) == pytest.approx(np.dot(LUMA, before), abs=1e-6)
        turned = (colorsys.rgb_to_hsv(*after)[0] - colorsys.rgb_to_hsv(*before)[0]) * 360
        assert (turned - turn + 180) % 360 - 180 == pytest.approx(0, abs=12)  # the hue of HSV runs along a hexagon


def test_no_turn_is_no_change_and_other_bands_stay() -> None:
    assert palette(0.0, SOIL) == [pytest.approx(SOIL)]
    ((*_, infrared),) = palette(90.0, (*SOIL, 0.9))
    assert infrared == pytest.approx(0.9)
