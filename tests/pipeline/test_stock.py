from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from changen_cli.errors import ExitCode
from changen_cli.pipeline.generate import generate
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.pipeline.prepare import Preparer
from tests.outputs import FORMATS, Tree
from tests.reporting import Heard

Options = Callable[..., GenerateOptions]


@pytest.fixture
def options(options: Options) -> Options:
    """Runs in this process: another one takes longer to start than all of the work."""
    return partial(options, workers=0)


@pytest.mark.parametrize("format", FORMATS)
def test_files_that_are_lost_or_cut_off_are_made_anew(
    options: Options, tmp_path: Path, tree: Tree, format: str
) -> None:
    """Each file of an output in turn, and the same command again."""
    given = options(format=format, shard_samples=3)
    generate(given)
    out = tmp_path / "out"
    whole = tree(out)
    names = [name for name, data in whole.items() if data != b"<folder>" and name != ".changen/lock"]
    for number, name in enumerate(names[:: 1 if format == "zarr" else 5]):
        path = out / name
        if number % 2:
            path.unlink()
        else:
            path.write_bytes(path.read_bytes()[:-1])
        heard = Heard()
        summary = generate(given, heard)
        assert tree(out) == whole, name
        assert summary.exit_code is ExitCode.DONE
        if name != ".changen/run.json":  # its copy is in the manifest
            assert name in heard.warned[0], name
        assert summary.differing == ()


def test_a_whole_output_is_left_alone(options: Options, tmp_path: Path) -> None:
    generate(options())
    out = tmp_path / "out"
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.name != "lock"}
    heard = Heard()
    assert generate(options(), heard).remade == 0
    assert heard.warned == []
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.name != "lock"} == before


def test_a_folder_that_goes_while_the_run_is_stopped(options: Options, tmp_path: Path, tree: Tree) -> None:
    given = options(format="geotiff")
    generate(given)
    out = tmp_path / "out"
    whole = tree(out)
    (out / "manifest.json").unlink()
    shutil.rmtree(next(path for path in out.iterdir() if path.name.startswith("town__")))
    summary = generate(given)
    assert (summary.remade, summary.statuses) == (1, {"done": 6})
    assert tree(out) == whole


def test_a_flipped_bit_is_found_where_checksums_are_compared(options: Options, tmp_path: Path, tree: Tree) -> None:
    generate(options())
    out = tmp_path / "out"
    whole = tree(out)
    chunk = out / "image" / "c.1.0.0.0.0"
    data = bytearray(chunk.read_bytes())
    data[100] ^= 1
    chunk.write_bytes(data)
    assert generate(options()).remade == 0
    assert generate(options(), thorough=True).remade == 1
    assert tree(out) == whole


def test_what_is_made_anew_of_other_input_is_said(
    options: Options, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An edit that the fingerprint of the input does not see: its middle."""
    import numpy as np
    import rasterio

    generate(options())
    monkeypatch.setattr("changen_cli.pipeline.record.fingerprint_files", lambda *_: _recorded(tmp_path))
    with rasterio.open(options().inputs[0], "r+") as town:
        town.write(np.full((3, town.height, town.width), 9, np.uint8))
    (tmp_path / "out" / "image" / "c.2.0.0.0.0").unlink()
    heard = Heard()
    summary = generate(options(), heard)
    assert summary.differing == (2,)
    assert summary.exit_code is ExitCode.SOME_FAILED
    assert "are not what they were, the first is shard 2" in heard.warned[-1]


def _recorded(tmp_path: Path) -> str:
    from changen_cli.store.arguments import read_run

    arguments = read_run(tmp_path / "out")
    assert arguments is not None
    return str(arguments["input_files"])


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Input that is away for a moment: every other tile cannot be read; the function brings it back."""
    from changen_cli.errors import TileError
    from changen_cli.pipeline.plan import SampleRef
    from changen_cli.scenes.scene import Scene
    from changen_cli.scenes.tile import Tile

    def read(self: Preparer, scene: Scene, place: SampleRef) -> Tile:
        if place.window.tile_id.endswith("c000100"):
            raise TileError(f"{place.id}: cannot be read")
        return real(self, scene, place)

    real = Preparer._read
    monkeypatch.setattr(Preparer, "_read", read)
    return lambda: monkeypatch.setattr(Preparer, "_read", real)


def test_samples_that_failed_are_tried_again(
    options: Options, tmp_path: Path, tree: Tree, away: Callable[[], None]
) -> None:
    first = generate(options())
    failed = first.statuses["failed"]
    assert 0 < failed < 6
    out = tmp_path / "out"
    then = tree(out)
    assert generate(options()).statuses == first.statuses
    assert tree(out) == then, "what cannot be made stays as it is"
    away()
    assert generate(options(retry_failed=False)).statuses == first.statuses
    heard = Heard()
    again = generate(options(), heard)
    assert again.statuses == {"done": 6}
    assert again.retried == failed
    assert "that failed before can be made now" in heard.warned[0]
    mended = tree(out)
    shutil.rmtree(out)
    generate(options())
    assert tree(out) == mended


def test_skipped_samples_are_not_tried_again(options: Options, monkeypatch: pytest.MonkeyPatch) -> None:
    generate(options(unchanged="skip", events="remove", min_valid=0.0))
    called: list[int] = []
    monkeypatch.setattr(Preparer, "sample", lambda self, index: called.append(index))
    generate(options(unchanged="skip", events="remove", min_valid=0.0))
    assert called == []
