from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from changen_cli.errors import ChangenError, StoreError
from changen_cli.pipeline.generate import generate
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.pipeline.repair import repair
from changen_cli.store.verify import verify
from tests.outputs import FORMATS, Tree

Options = Callable[..., GenerateOptions]


@pytest.fixture
def options(options: Options) -> Options:
    """Runs in this process: another one takes longer to start than all of the work."""
    return partial(options, workers=0)


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("format", FORMATS)
def test_damage_everywhere_is_repaired_to_the_same_bytes(
    options: Options, tmp_path: Path, tree: Tree, format: str
) -> None:
    generate(
        options(
            format=format,
            steps=2,
            variants=2,
            events={"create": 2, "rotate": 1},
            event_options=("create.turn=45",),
            conditions="light,haze=0.5",
            seed=5,
        )
    )
    out = tmp_path / "out"
    whole = tree(out)
    files = [out / name for name, data in whole.items() if data not in (b"<folder>", b"")]
    for path in files[::3]:
        flip(path)
    files[1].unlink()
    assert verify(out).damaged
    assert repair(out).whole
    assert tree(out) == whole


@pytest.mark.parametrize("lost", [".changen/run.json", "manifest.json"])
def test_arguments_are_in_two_places(options: Options, tmp_path: Path, tree: Tree, lost: str) -> None:
    generate(options())
    out = tmp_path / "out"
    whole = tree(out)
    flip(out / lost)
    flip(out / "mask" / "c.0.0.0.0")
    assert repair(out).whole
    assert tree(out) == whole


def test_looks_and_weights_are_found_again(
    options: Options, tmp_path: Path, looks_weights: Path, tree: Tree, one_thread: None
) -> None:
    generate(
        options(
            synthesizer="changen", weights=looks_weights, drift=0.25, new_looks="drawn", tile_size=64, device="cpu",
            shard_samples=8,
        )
    )  # fmt: skip
    out = tmp_path / "out"
    whole = tree(out)
    (out / "looks.parquet").unlink()
    flip(out / "image" / "c.1.0.0.0.0")
    assert repair(out, weights=str(looks_weights)).whole
    assert tree(out) == whole


def test_nothing_is_deleted_where_the_input_is_gone(options: Options, tmp_path: Path, tree: Tree) -> None:
    generate(options())
    out, source = tmp_path / "out", Path(options().inputs[0])
    flip(out / "image" / "c.0.0.0.0.0")
    damaged = tree(out)
    source.rename(tmp_path / "town.tif")
    with pytest.raises(ChangenError, match=r"cannot be repaired.*town\.tif.*in the folder from which it was generated"):
        repair(out)
    (tmp_path / "town.tif").rename(source)
    source.write_bytes(source.read_bytes() + b" ")
    with pytest.raises(StoreError, match="made with other arguments: input_files was"):
        repair(out)
    assert {name: data for name, data in tree(out).items() if name != ".changen/lock"} == {
        name: data for name, data in damaged.items() if name != ".changen/lock"
    }
