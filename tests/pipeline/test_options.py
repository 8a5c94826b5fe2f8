from __future__ import annotations

from pathlib import Path

import pytest

from changen_cli.errors import UsageError
from changen_cli.pipeline.options import SHARD_BYTES, GenerateOptions, parse_bands, parse_split


def test_paths_may_be_paths():
    options = GenerateOptions(inputs=Path("a"), output=Path("b"), masks=Path("c"))  # type: ignore[arg-type]
    assert (options.inputs, options.output, options.masks) == (("a",), "b", "c")
    assert GenerateOptions(inputs="a").inputs == ("a",)  # type: ignore[arg-type]
    assert GenerateOptions(inputs=[Path("a"), "-"]).inputs == ("a", "-")  # type: ignore[arg-type]


def test_no_input_is_refused():
    with pytest.raises(UsageError, match="--input"):
        GenerateOptions(inputs=())


@pytest.mark.parametrize("split", [(1, 2), (0, 0, 0), (-1, 1, 1), (float("nan"), 1, 1), (float("inf"), 1, 1)])
def test_shares_must_make_sense(split):
    with pytest.raises(UsageError, match="--split"):
        GenerateOptions(inputs=("a",), split=split)


def test_lists_of_numbers():
    assert parse_split("7,2,1") == (7, 2, 1)
    assert parse_bands("3,2,1") == (3, 2, 1)
    for text in ("1,2", "1,2,x", "", "1.5,2,3"):
        with pytest.raises(UsageError, match="--bands"):
            parse_bands(text)


def test_shards_fit_in_memory_and_hold_at_least_one_sample():
    for tile, steps in ((64, 1), (256, 3), (512, 9), (1024, 3), (8192, 9)):
        options = GenerateOptions(inputs=("a",), tile_size=tile, steps=steps)
        count = options.samples_per_shard()
        assert 1 <= count <= 64
        assert count == 1 or count * tile**2 * (steps + 1) * 9 <= SHARD_BYTES
    assert GenerateOptions(inputs=("a",), shard_samples=7).samples_per_shard() == 7


def test_read_options_are_handed_on():
    read = GenerateOptions(
        inputs=("a",), bands=(3, 2, 1), rescale="0:9", resolution=0.5, exclude="w.gpkg"
    ).read_options()
    assert (read.bands, read.rescale, read.resolution, read.exclude) == ((3, 2, 1), "0:9", 0.5, "w.gpkg")
