"""Arguments and weights that cannot be used: one clear line and exit code 2; no traceback."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands import Changen, refused


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--events", "flood"], ["unknown event 'flood'", "create, damage, relocate, remove, rotate, scale"]),
        (["--events", "create=x"], ["the weight of create"]),
        (["--event-option", "create.height=3"], ["no parameter 'height'"]),
        (["--event-option", "remove.min_area=-3"], ["min_area"]),
        (["--changes-per-step", "5:1"], ["--changes-per-step 5:1"]),
        (["--synthesizer", "dream"], ["unknown synthesizer 'dream'", "installed: changen, copy"]),
        (["--synthesizer", "changen", "--weights", "no"], ["no weights named 'no'", ".safetensors"]),
        (["--steps", 0], ["--steps 0: must be a whole number from 1 to 10000"]),
        (["--variants", 0], ["--variants 0"]),
        (["--seed", -1], ["--seed -1"]),
        (["--tile-size", 8], ["--tile-size 8: must be a whole number from 16 to 65536"]),
        (["--overlap", 128], ["--overlap 128", "0 to 127"]),
        (["--min-valid", 2], ["--min-valid 2"]),
        (["--gap", "nan"], ["--gap nan"]),
        (["--resolution", 0], ["resolution 0"]),
        (["--resolution", 1000], ["less than one pixel"]),
        (["--split", "1,nan,0"], ["--split"]),
        (["--split", "1,2"], ["--split"]),
        (["--format", "hdf"], ["--format hdf", "geotiff, icechunk, levir, zarr"]),
        (["--edges", "wrap"], ["--edges wrap: must be shift or pad"]),
        (["--background", "blur"], ["--background blur"]),
        (["--batch-size", 0], ["--batch-size 0"]),
        (["--batch-size", "big"], ["--batch-size big"]),
        (["--workers", -1], ["--workers -1"]),
        (["--shard-samples", 0], ["--shard-samples 0"]),
        (["--device", "tpu9"], ["--device tpu9", "--device auto"]),
        (["--precision", "fp8"], ["--precision fp8"]),
        (["--cog"], ["--cog", "--format geotiff"]),
        (["--format", "geotiff", "--co", "ZSTD"], ["NAME=VALUE"]),
        (["--masks", "nowhere"], ["nowhere: no such mask"]),
        (["--footprints", "nowhere.gpkg"], ["nowhere.gpkg: no such vector file"]),
        (["--exclude", "nowhere.gpkg"], ["nowhere.gpkg: no such vector file"]),
        (["--library", "nowhere.gpkg"], ["nowhere.gpkg: no such vector file"]),
    ],
)
def test_arguments_that_cannot_be_used(
    generate: Changen, town: Callable[..., Path], tmp_path: Path, out: Path, words: list[object], expected: list[str]
) -> None:
    path = town(tmp_path / "in", size=(128, 128))
    refused(generate("-i", path, "-o", out, *words), out, *expected)
    assert not out.exists()


def test_weights_with_a_wrong_hash(
    generate: Changen, town: Callable[..., Path], tmp_path: Path, out: Path, untrained_weights: Path
) -> None:
    copy = tmp_path / "untrained.safetensors"
    shutil.copy(untrained_weights, copy)
    shutil.copy(untrained_weights.with_suffix(".yaml"), tmp_path)
    with copy.open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\x7f")
    done = generate("-i", town(tmp_path), "-o", out, "--synthesizer", "changen", "--weights", copy)
    refused(done, out, copy, "SHA-256 is", "damaged")


def test_weights_without_a_card(
    generate: Changen, town: Callable[..., Path], tmp_path: Path, out: Path, untrained_weights: Path
) -> None:
    copy = tmp_path / "untrained.safetensors"
    shutil.copy(untrained_weights, copy)
    done = generate("-i", town(tmp_path), "-o", out, "--synthesizer", "changen", "--weights", copy)
    refused(done, out, "untrained.yaml", "card")


def test_weights_that_do_not_know_a_class(
    generate: Changen, town: Callable[..., Path], tmp_path: Path, out: Path, untrained_weights: Path
) -> None:
    words = ["--synthesizer", "changen", "--weights", untrained_weights]
    events = ["--events", "create", "--event-option", "create.category=4"]
    done = generate("-i", town(tmp_path), "-o", out, *words, *events)
    refused(done, out, "class 4", "'untrained' know class 1 alone")
