from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from changen_cli.errors import ExitCode, StoreError
from changen_cli.store.base import Outcome, StoreSpec
from changen_cli.store.damage import Kind
from changen_cli.store.formats.registry import find_formats, get_format, make_format
from changen_cli.store.journal import Journal
from changen_cli.store.verify import verify
from tests.reporting import Heard

Run = Callable[..., None]
Tree = Callable[[Path], dict[str, bytes]]


@pytest.mark.parametrize("format", find_formats())
def test_an_output_is_whole_and_stays_as_it_is(
    tmp_path: Path, run_store: Run, tree: Tree, spec: StoreSpec, with_conditions: list[Outcome], format: str
) -> None:
    run_store(format, tmp_path, spec, with_conditions)
    before, heard = tree(tmp_path), Heard()
    found = verify(tmp_path, heard)
    assert found.whole
    assert found.exit_code is ExitCode.DONE
    assert (found.shards, found.samples, found.labels) == (3, 5, 3)
    files = {name for name, data in before.items() if data != b"<folder>"}
    foreign = tuple(f"{folder}/" for folder in get_format(format).foreign_folders)  # another library's, checked by it
    ours = {name for name in files if not name.startswith(foreign)}
    assert found.files == len(ours - {".changen/lock", ".changen/files.json"})
    assert [progress.done for progress in heard.progresses] == [0, 1, 2, 3]
    assert tree(tmp_path) == before


def test_damage_is_found_beside_what_is_whole(
    tmp_path: Path, run_store: Run, spec: StoreSpec, outcomes: list[Outcome]
) -> None:
    run_store("levir", tmp_path, spec, outcomes)
    pairs = sorted((tmp_path / "LEVIR-CD+").rglob("*.png"))
    pairs[0].write_bytes(pairs[0].read_bytes()[:-9])
    pairs[1].unlink()
    (tmp_path / "LEVIR-CD+" / "train" / "A" / "mine.png").write_bytes(b"")
    found = verify(tmp_path)
    assert not found.whole
    assert found.damaged
    assert found.exit_code is ExitCode.SOME_FAILED
    assert [problem.kind for problem in found.problems] == [Kind.DAMAGED, Kind.MISSING, Kind.EXTRA]
    assert found.labels < 3


@pytest.mark.parametrize("name", ["manifest.json", ".changen/files.json", ".changen/shards/000001.json"])
def test_a_lost_record_is_one_problem(
    tmp_path: Path, run_store: Run, spec: StoreSpec, outcomes: list[Outcome], name: str
) -> None:
    run_store("zarr", tmp_path, spec, outcomes)
    (tmp_path / name).unlink()
    assert [(problem.kind, problem.path) for problem in verify(tmp_path).problems] == [(Kind.MISSING, name)]


def test_counts_that_do_not_agree(tmp_path: Path, spec: StoreSpec, outcomes: list[Outcome]) -> None:
    from changen_cli.store.commit import commit_shard
    from changen_cli.store.finish import finish_run

    store = make_format("zarr", tmp_path, spec)
    manifest = {
        "arguments": {"variants": 2},
        "scenes": [{"tiles": 2}],
        "counts": {"statuses": {"done": 4}, "changes": {"create": 2, "relocate": 2, "remove": 2}},
    }
    with Journal(tmp_path) as journal:
        journal.open({})
        store.create()
        for index in range(3):
            commit_shard(store, index, outcomes[index * 2 : index * 2 + 2])
        finish_run(store, journal, manifest)
    problems = verify(tmp_path).problems
    assert [problem.kind for problem in problems] == [Kind.COUNTS, Kind.COUNTS]
    assert problems[0].reason == "2 tiles of 2 variants are no 5 samples"
    assert problems[1].reason.startswith("it has the statuses {'done': 4}, the records")


def test_what_cannot_be_verified_has_one_line(
    tmp_path: Path, run_store: Run, spec: StoreSpec, outcomes: list[Outcome]
) -> None:
    with pytest.raises(StoreError, match="was not written by changen"):
        verify(tmp_path)
    run_store("zarr", tmp_path / "out", spec, outcomes)
    manifest = tmp_path / "out" / "manifest.json"
    values = json.loads(manifest.read_bytes())
    manifest.unlink()
    (tmp_path / "out" / ".changen" / "files.json").unlink()
    with pytest.raises(StoreError, match="is not complete"):
        verify(tmp_path / "out")
    values["store"]["version"] = 1  # as the first versions left it
    manifest.write_text(json.dumps(values))
    with pytest.raises(StoreError, match="by an earlier changen, which recorded no checksums"):
        verify(tmp_path / "out")
