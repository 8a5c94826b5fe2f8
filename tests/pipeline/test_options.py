from __future__ import annotations

import inspect
import pickle
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import pytest

from changen_cli.cli.generate import command
from changen_cli.errors import UsageError
from changen_cli.options import flat, info
from changen_cli.pipeline.options import SHARD_BYTES, GenerateOptions
from changen_cli.scenes.blending import Windows


def test_paths_may_be_paths() -> None:
    values: dict[str, Any] = {"inputs": Path("a"), "output": Path("b"), "masks": Path("c")}
    options = GenerateOptions(**values)
    assert (options.inputs, options.output, options.masks) == (("a",), "b", "c")
    several: dict[str, Any] = {"inputs": [Path("a"), "-"]}
    assert GenerateOptions(**several).inputs == ("a", "-")


def test_no_input_is_refused() -> None:
    with pytest.raises(UsageError, match="--input"):
        GenerateOptions(inputs=())


@pytest.mark.parametrize("split", [(1, 2), (0, 0, 0), (-1, 1, 1), (float("nan"), 1, 1), (float("inf"), 1, 1), "1,x,2"])
def test_shares_must_make_sense(split: Any) -> None:
    with pytest.raises(UsageError, match="--split"):
        GenerateOptions(inputs=("a",), split=split)


def test_text_becomes_values() -> None:
    values: dict[str, Any] = {
        "inputs": "a", "split": "7,2,1", "bands": "3,2,1", "changes_per_step": "2:4", "workers": "3",
        "creation_options": ["compress=ZSTD"], "format": "geotiff",
    }  # fmt: skip
    options = GenerateOptions(**values)
    assert (options.split, options.bands, options.changes_per_step) == ((7, 2, 1), (3, 2, 1), (2, 4))
    assert (options.workers, dict(options.creation_options)) == (3, {"COMPRESS": "ZSTD"})


def test_a_share_is_never_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "4")
    monkeypatch.delenv("SLURM_ARRAY_TASK_ID", raising=False)
    assert GenerateOptions(inputs=("a",)).share() is None
    assert str(GenerateOptions(inputs=("a",), shard="auto").share()) == "1/4"
    assert str(GenerateOptions(inputs=("a",), shard=" 0/8").share()) == "0/8"
    monkeypatch.delenv("RANK")
    with pytest.raises(UsageError, match="--shard auto: neither a SLURM array"):
        GenerateOptions(inputs=("a",), shard="auto")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"overlap": 256}, "--overlap 256: must be from 0 to 255"),
        ({"gap": 300}, "--gap 300: must be from 0 pixels to the tile size"),
        ({"cog": True}, "--cog is for --format geotiff, not zarr"),
        ({"format": "bmp"}, "--format bmp: choose"),
        ({"creation_options": ["ZSTD"], "format": "geotiff"}, "--creation-option .* must be NAME=VALUE"),
        ({"mosaic": True, "format": "levir"}, "--mosaic writes GeoTIFFs of whole rasters, not --format levir"),
        ({"mosaic": True, "tile_size": 100}, "--tile-size 100 and --overlap 0: .* must be multiples of 32"),
        ({"mosaic": True, "overlap": 40}, "--tile-size 256 and --overlap 40: .* must be multiples of 32"),
        ({"mosaic": True, "tile_size": 96}, "--tile-size 96 and --overlap 0: .* the overlap at least 32"),
        ({"mosaic": True, "overlap": 160}, "--overlap 160: with --mosaic at most half of the tile, 128"),
        ({"mosaic": True, "conditions": "haze"}, "--conditions with --mosaic: a condition is drawn for an image"),
        ({"mosaic": True, "looks": "earlier"}, "--looks with --mosaic"),
        ({"mosaic": True, "repaint": 0.5}, "--repaint 0.5 with --mosaic: a building of a mosaic has one look"),
        ({"mosaic": True, "workers": 2}, "--workers 2 with --mosaic: a mosaic is made in one process"),
        ({"shard": "3/3"}, "--shard 3/3: must be i/N with i from 0 to N - 1, for example 0/8, or auto"),
        ({"shard": "0/2", "overwrite": True}, "--overwrite with --shard: .* delete the output yourself first"),
        ({"workers": -1}, "--workers -1: must be auto or a whole number from 0 to 1024"),
    ],
)
def test_what_does_not_go_together_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        GenerateOptions(inputs=("a",), **values)


def test_a_mosaic_is_of_cogs_and_one_sample_a_shard() -> None:
    options = GenerateOptions(inputs=("a",), mosaic=True, tile_size=512, shard_samples=7)
    assert (options.format, options.cog, options.samples_per_shard()) == ("geotiff", True, 1)
    assert options.windows() == Windows(512, 128)
    assert GenerateOptions(inputs=("a",), mosaic=True, overlap=96, format="geotiff").windows() == Windows(256, 96)
    assert pickle.loads(pickle.dumps(options)) == options


def test_shards_fit_in_memory_and_hold_at_least_one_sample() -> None:
    for tile, steps in ((64, 1), (256, 3), (512, 9), (1024, 3), (8192, 9)):
        options = GenerateOptions(inputs=("a",), tile_size=tile, steps=steps)
        count = options.samples_per_shard()
        assert 1 <= count <= 64
        assert count == 1 or count * tile**2 * (steps + 1) * 9 <= SHARD_BYTES
    assert GenerateOptions(inputs=("a",), shard_samples=7).samples_per_shard() == 7


def test_read_options_are_handed_on() -> None:
    options = GenerateOptions(inputs=("a",), bands=(3, 2, 1), rescale="0:9", resolution=0.5, exclude="w.gpkg")
    read = options.read_options()
    assert (read.bands, read.rescale, read.resolution, read.exclude) == ((3, 2, 1), "0:9", 0.5, "w.gpkg")
    assert pickle.loads(pickle.dumps(options)) == options


def test_the_command_line_has_every_option_and_no_default_of_its_own() -> None:
    parameters = inspect.signature(command).parameters
    for path, field in flat(GenerateOptions).items():
        if info(field).cli:
            assert path[-1] in parameters
            assert info(field).help
            assert info(field).group
    required = [field.name for field in fields(GenerateOptions) if field.default is field.default_factory is MISSING]
    assert required == ["inputs"]


def test_a_mosaic_and_earlier_looks_choose_weights_with_looks() -> None:
    asked: list[dict[str, Any]] = [{"mosaic": True}, {"looks": "earlier"}, {"drift": 0.2}]
    assert [GenerateOptions(inputs=("a",), **values).chosen_weights() for values in asked] == ["compact"] * 3
    assert GenerateOptions(inputs=("a",)).chosen_weights() is None
