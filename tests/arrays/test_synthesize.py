from __future__ import annotations

import inspect
import os
import shutil
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from changen_cli.arrays.states import States, read_states
from changen_cli.arrays.synthesize import run_states, synthesize
from changen_cli.errors import TileError, UsageError, WeightsError
from changen_cli.pipeline.generate import generate
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.store.series import open_series
from changen_cli.synthesis.load import load_synthesizer
from changen_cli.synthesis.options import SynthesizerOptions
from changen_cli.types import Int32Array, UInt8Array


@pytest.fixture(scope="module")
def image() -> UInt8Array:
    return np.random.default_rng(1).integers(0, 256, (40, 48, 3), np.uint8)


@pytest.mark.parametrize("which", ["untrained_weights", "looks_weights"])
def test_arrays_become_what_files_do(
    which: str, town: Callable[..., Path], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    weights = request.getfixturevalue(which)
    scene = town(tmp_path / "in", size=(96, 192))
    given: dict[str, Any] = {"weights": weights, "device": "cpu"}
    run: dict[str, Any] = {"inputs": scene, "output": tmp_path / "out", "tile_size": 96, "steps": 2, "seed": 7}
    generate(GenerateOptions(**run, **given, workers=0))
    for sample in open_series(tmp_path / "out"):
        assert sample.instance is not None
        assert sample.valid is not None
        states = read_states(sample.instance[0], sample.instance[1:], "instance")
        key = (7, sample.scene, sample.id.split("__")[1], 0)
        made = run_states(sample.image[0], sample.valid, states, SynthesizerOptions(**given), key)
        assert np.array_equal(made, sample.image)


def test_axes_come_back_in_their_order(image: UInt8Array, labels: Int32Array, looks_weights: Path) -> None:
    def run(pixels: Any, after: Any) -> UInt8Array:
        return synthesize(pixels, labels[0], after, seed=3, weights=looks_weights, device="cpu")

    series = run(image, labels[1:])
    assert series.shape == (2, 40, 48, 3)
    assert series.dtype == np.uint8
    assert np.array_equal(run(image, labels[1]), series[0])
    assert np.array_equal(run(image.transpose(2, 0, 1), labels[1:]), series.transpose(0, 3, 1, 2))
    assert np.array_equal(run(torch.from_numpy(image), torch.from_numpy(labels[1])), series[0])
    other = synthesize(image, labels[0], labels[1], seed=4, weights=looks_weights, device="cpu")
    assert not np.array_equal(other, series[0])


def test_ground_is_kept_and_what_is_not_valid_is_0(
    image: UInt8Array, labels: Int32Array, untrained_weights: Path
) -> None:
    valid = np.ones((40, 48), np.bool_)
    valid[:, :2] = False
    made = synthesize(
        image, labels[0], labels[1], weights=str(untrained_weights), background="keep", valid=valid, device="cpu"
    )
    assert np.array_equal(made[:3, 2:], image[:3, 2:])
    assert not made[:, :2].any()
    assert (made[26:32, 32:38] != image[26:32, 32:38]).any()


def test_synthesizers_that_work_object_by_object(image: UInt8Array, labels: Int32Array) -> None:
    after = np.where(labels[1] == 20, 20, labels[0])  # 20 is created
    made = synthesize(image, labels[0], after, synthesizer="copy-paste")
    assert np.array_equal((made != image).any(axis=2).any(), True)
    assert np.array_equal(made[:20], image[:20])
    with pytest.raises(UsageError, match="copy-paste: shows only created objects"):
        synthesize(image, labels[0], labels[1], synthesizer="copy-paste")
    nobody = np.zeros((40, 48), np.uint8)
    new = nobody.copy()
    new[5:15, 5:15] = 1
    with pytest.raises(TileError, match="no object of class 1"):
        synthesize(image, nobody, new, synthesizer="copy-paste")


def test_weights_are_loaded_once_until_they_are_others(
    image: UInt8Array, labels: Int32Array, looks_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads = []
    load = load_synthesizer

    def counted(*arguments: Any) -> Any:
        loads.append(arguments)
        return load(*arguments)

    monkeypatch.setattr("changen_cli.arrays.synthesize.load_synthesizer", counted)
    mine = tmp_path / "mine.safetensors"
    shutil.copy(looks_weights, mine)
    shutil.copy(looks_weights.with_suffix(".yaml"), mine.with_suffix(".yaml"))
    for _ in range(3):
        synthesize(image, labels[0], labels[1], weights=mine, device="cpu")
    assert len(loads) == 1
    os.utime(mine, ns=(0, 1))
    synthesize(image, labels[0], labels[1], weights=mine, device="cpu")
    assert len(loads) == 2
    mine.unlink()
    with pytest.raises(WeightsError, match="no such weights file"):
        synthesize(image, labels[0], labels[1], weights=mine, device="cpu")


def test_the_random_state_of_pytorch_stays(image: UInt8Array, labels: Int32Array, untrained_weights: Path) -> None:
    before = torch.get_rng_state()
    synthesize(image, labels[0], labels[1], weights=untrained_weights, device="cpu", precision="fp32")
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image": np.zeros((40, 48, 3))}, "image: must be uint8"),
        ({"image": np.zeros((40, 48, 4), np.uint8)}, r"image: must be \[height, width, 3\]"),
        ({"image": np.zeros((40, 48), np.uint8)}, r"image: must be \[height, width, 3\]"),
        ({"image": np.zeros((8, 48, 3), np.uint8)}, "at least 16 x 16"),
        ({"image": np.zeros((48, 40, 3), np.uint8)}, "must be of one size"),
        ({"seed": 1.5}, "seed"),
        ({"drift": 2}, "drift"),
        ({"background": "keep", "drift": 0.5}, "--background keep"),
        ({"synthesizer": "copy", "drift": 0.5}, "weights with looks"),
        ({"device": "abacus"}, "--device abacus"),
        ({"mask_values": "class"}, ""),
    ],
)
def test_bad_arguments_are_said(image: UInt8Array, labels: Int32Array, arguments: Any, message: str) -> None:
    values = {"image": image, "before": labels[0], "after": labels[1], "synthesizer": "copy", **arguments}
    if not message:  # fine
        synthesize(**values)
        return
    with pytest.raises(UsageError, match=message):
        synthesize(**values)


def test_defaults_are_those_of_a_run() -> None:
    parameters = inspect.signature(synthesize).parameters
    for field in fields(SynthesizerOptions):
        assert parameters[field.name].default == field.default, field.name


def test_states_need_no_history() -> None:
    states = States(np.zeros((2, 20, 20), np.int32), {})
    made = run_states(
        np.full((3, 20, 20), 9, np.uint8), np.ones((20, 20), bool), states, SynthesizerOptions(synthesizer="copy"), ()
    )
    assert (made == 9).all()
