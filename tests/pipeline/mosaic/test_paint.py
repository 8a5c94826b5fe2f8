from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from shapely.geometry import box
from torch import Tensor

from changen_cli.errors import TileError
from changen_cli.events.base import Change
from changen_cli.pipeline.mosaic.paint import paint, shown_for
from changen_cli.pipeline.mosaic.scene_steps import SceneStep
from changen_cli.rng import generator
from changen_cli.scenes.blending import Windows
from changen_cli.scenes.layout import Footprint, Layout
from changen_cli.scenes.layout_index import LayoutIndex
from changen_cli.scenes.window import Window
from changen_cli.synthesis.base import Batch
from changen_cli.synthesis.engine import Engine
from changen_cli.synthesis.transfer import make_transfer
from changen_cli.types import BoolArray, UInt8Array

SIZE = 150
IMAGE = generator("paint").integers(1, 256, (3, SIZE, SIZE)).astype(np.uint8)
VALID = np.ones((SIZE, SIZE), bool)
VALID[:, 120:] = False


def read(window: Window) -> tuple[UInt8Array, BoolArray]:
    part = (slice(window.row, window.row + window.height), slice(window.column, window.column + window.width))
    return IMAGE[:, part[0], part[1]] * VALID[part], VALID[part]


class Inverse:
    """Shows a negative, whatever changes; notes what it is shown."""

    name: ClassVar[str] = "inverse"
    noise_dim = 0

    def __init__(self) -> None:
        self.shown: list[tuple[int, ...]] = []

    def synthesize(self, batch: Batch) -> Tensor:
        self.shown.append(tuple(batch.image.shape))
        return 255 - batch.image

    def as_manifest(self) -> dict[str, Any]:
        return {}


class Painter(Inverse):
    """Paints what is created white, if there is another object to see; shows nothing else."""

    local: ClassVar[bool] = True

    def synthesize(self, batch: Batch) -> Tensor:
        self.shown.append(tuple(batch.image.shape))
        if not (batch.before > 0).any():
            raise TileError("nothing to see here")
        return torch.where((batch.after > batch.before)[:, None], 255, batch.image)


def step(*houses: Footprint) -> SceneStep:
    before, after = Layout(SIZE, SIZE, houses[:1]), Layout(SIZE, SIZE, houses)
    changes = tuple(Change("create", 1, None, house) for house in houses[1:])
    empty = np.zeros(0, np.float32)
    return SceneStep(1, read, LayoutIndex(before), LayoutIndex(after), changes, empty, None, (0,))


def joined(synthesizer: Inverse, scene: SceneStep, first: int = 0, batch_size: int = 2) -> UInt8Array:
    result = np.zeros((4, SIZE, SIZE), np.uint8)
    for block, pixels in paint(Engine(synthesizer, make_transfer("cpu"), batch_size), scene, Windows(64, 32), first):
        result[:, block.row : block.row + block.height, block.column : block.column + block.width] = pixels
    return result


HOUSES = Footprint(1, box(5, 5, 20, 20)), Footprint(2, box(55, 50, 75, 75)), Footprint(3, box(110, 100, 125, 140))


def test_what_all_windows_agree_on_is_seen_everywhere() -> None:
    found = joined(Inverse(), step(*HOUSES))
    np.testing.assert_array_equal(found[3] > 0, VALID)
    np.testing.assert_array_equal(found[:3], (255 - IMAGE) * VALID)


def test_windows_at_the_edge_are_grown_and_those_without_data_not_shown() -> None:
    inverse = Inverse()
    joined(inverse, step(*HOUSES), batch_size=1)
    assert {shape[2:] for shape in inverse.shown} <= {(64, 64), (64, 54), (54, 64), (54, 54)}
    rows, columns = 4, 4  # of 150 / 32 with overlap 32: windows from 0, 32, 64, 96; all begin left of column 120
    assert len(inverse.shown) == rows * columns
    assert shown_for(Window(128, 0, 22, 64), 64, 150, 150) == Window(96, 0, 54, 64)
    assert shown_for(Window(0, 0, 40, 40), 64, 40, 40) == Window(0, 0, 40, 40)
    assert shown_for(Window(32, 32, 64, 64), 64, 150, 150) == Window(32, 32, 64, 64)


def test_changes_are_put_in_one_by_one() -> None:
    painter = Painter()
    found = joined(painter, step(*HOUSES))
    new = Layout(SIZE, SIZE, HOUSES[1:]).rasterize()[0] > 0
    np.testing.assert_array_equal(found[:3], np.where(new & VALID, 255, IMAGE * VALID))
    # the house in the corner was found only when more was shown
    assert max(max(shape[2:]) for shape in painter.shown) == SIZE
    np.testing.assert_array_equal(joined(Painter(), step(*HOUSES), first=2)[:, 64:], found[:, 64:])


def test_what_cannot_be_made_anywhere_is_an_error() -> None:
    far = Layout(SIZE, SIZE)
    houses = step(*HOUSES)
    alone = SceneStep(1, read, LayoutIndex(far), houses.after, houses.changes, houses.noise, None, (0,))
    with pytest.raises(TileError, match="nothing to see"):
        joined(Painter(), alone)
