from __future__ import annotations

import colorsys

import numpy as np
import pytest
import torch

from changen_cli.conditions.season import LUMA, Season
from changen_cli.rng import generator

GRASS, ROOF, ROAD = (0.25, 0.40, 0.20), (0.60, 0.30, 0.25), (0.50, 0.50, 0.50)


def season(saturation: float, turn: float, *colours: tuple[float, ...]) -> list[list[float]]:
    images = torch.tensor(colours).T.reshape(1, -1, 1, len(colours)).clone()
    made = Season().apply(images, {"saturation": np.array([saturation]), "turn": np.array([turn])})
    return made[0, :, 0].T.tolist()


def test_draws_lie_in_their_ranges() -> None:
    draws = [Season().draw(generator(n), 3) for n in range(500)]
    saturation, turn = (np.array([draw[name] for draw in draws]) for name in ("saturation", "turn"))
    assert 0.3 <= saturation.min() < 0.36
    assert 1.44 < saturation.max() <= 1.5
    assert -0.5 <= turn.min() < -0.4
    assert 0.9 < turn.max() <= 1


def test_grass_turns_and_nothing_else() -> None:
    brown, roof, road = season(1, 1, GRASS, ROOF, ROAD)
    assert roof == pytest.approx(ROOF, abs=1e-6)
    assert road == pytest.approx(ROAD, abs=1e-6)
    assert brown[0] > brown[1] > brown[2]
    fuller, *_ = season(1, -0.5, GRASS)
    hues = [colorsys.rgb_to_hsv(*colour)[0] for colour in (brown, GRASS, fuller)]
    assert hues == sorted(hues)
    assert fuller[1] > GRASS[1]


def test_saturation_keeps_the_grey_of_a_colour() -> None:
    for factor in (0.0, 0.5, 1.4):
        for colour, made in zip((GRASS, ROOF, ROAD), season(factor, 0, GRASS, ROOF, ROAD), strict=True):
            grey = np.dot(LUMA, colour)
            assert np.dot(LUMA, made) == pytest.approx(grey, abs=1e-6)
            assert made == pytest.approx([grey + (value - grey) * factor for value in colour], abs=1e-6)


def test_other_bands_stay() -> None:
    ((*_, infrared),) = season(0.3, 1, (*GRASS, 0.9))
    assert infrared == pytest.approx(0.9)
