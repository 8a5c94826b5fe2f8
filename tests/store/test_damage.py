from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from changen_cli.store.base import Outcome, StoreSpec
from changen_cli.store.damage import Kind, check_ends, check_shards, find_extra
from tests.outputs import FORMATS

Run = Callable[..., None]
Tree = Callable[[Path], dict[str, bytes]]


def flip(path: Path) -> None:
    """Flips a bit in the middle of a file; an empty one gets a byte."""
    data = bytearray(path.read_bytes() or b"?")
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def found(root: Path, *, thorough: bool) -> dict[str, tuple[Kind, int | None]]:
    """What is wrong, by file."""
    problems = [p for shard in check_shards(root, range(3), thorough=thorough) for p in shard.problems]
    return {problem.path: (problem.kind, problem.shard) for problem in problems + check_ends(root)[1]}


@pytest.mark.parametrize("format", FORMATS)
def test_every_file_of_an_output_is_known_and_its_damage_is_found(
    tmp_path: Path, run_store: Run, tree: Tree, spec: StoreSpec, with_looks: list[Outcome], format: str
) -> None:
    run_store(format, tmp_path, spec, with_looks)
    assert found(tmp_path, thorough=True) == {}
    whole = {name: data for name, data in tree(tmp_path).items() if data != b"<folder>"}
    for name, data in whole.items():
        if name == ".changen/lock":
            continue
        path = tmp_path / name
        flip(path)
        assert [(p, kind) for p, (kind, _) in found(tmp_path, thorough=True).items()] == [(name, Kind.DAMAGED)]
        path.write_bytes(data + b" ")
        assert name in found(tmp_path, thorough=False)
        path.unlink()
        assert found(tmp_path, thorough=False)[name][0] is Kind.MISSING
        path.write_bytes(data)
    assert found(tmp_path, thorough=True) == {}


def test_the_shard_of_a_file_is_named(tmp_path: Path, run_store: Run, spec: StoreSpec, outcomes: list[Outcome]) -> None:
    run_store("zarr", tmp_path, spec, outcomes)
    flip(tmp_path / "image" / "c.0.0.0.0.0")
    assert found(tmp_path, thorough=False) == {}
    assert found(tmp_path, thorough=True) == {"image/c.0.0.0.0.0": (Kind.DAMAGED, 0)}
    (tmp_path / ".changen" / "shards" / "000001.json").unlink()
    (tmp_path / "samples.parquet").unlink()
    assert found(tmp_path, thorough=False) == {
        ".changen/shards/000001.json": (Kind.MISSING, 1),
        "samples.parquet": (Kind.MISSING, None),
    }


def test_the_record_of_another_shard_is_damage(
    tmp_path: Path, run_store: Run, spec: StoreSpec, outcomes: list[Outcome]
) -> None:
    run_store("zarr", tmp_path, spec, outcomes)
    shards = tmp_path / ".changen" / "shards"
    (shards / "000001.json").write_bytes((shards / "000000.json").read_bytes())
    assert found(tmp_path, thorough=False) == {".changen/shards/000001.json": (Kind.DAMAGED, 1)}


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_link_is_no_file_of_ours(tmp_path: Path, run_store: Run, spec: StoreSpec, outcomes: list[Outcome]) -> None:
    out = tmp_path / "out"
    run_store("zarr", out, spec, outcomes)
    chunk = out / "mask" / "c.0.0.0.0"
    chunk.rename(tmp_path / "elsewhere")
    chunk.symlink_to(tmp_path / "elsewhere")
    assert found(out, thorough=False) == {"mask/c.0.0.0.0": (Kind.DAMAGED, 0)}


def test_what_nobody_wrote_is_extra(tmp_path: Path) -> None:
    for name in ("a/b", "a/c", ".changen/lock", ".changen/files.json", ".changen/mine"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert [problem.path for problem in find_extra(tmp_path, {"a/b"})] == ["link", ".changen/mine", "a/c"]
