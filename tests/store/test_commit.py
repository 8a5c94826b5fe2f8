from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from pathlib import Path

import pytest

from changen_cli.files import checksum
from changen_cli.store.base import Outcome, StoreSpec
from changen_cli.store.commit import commit_shard
from changen_cli.store.finish import finish_run
from changen_cli.store.formats.registry import make_format
from changen_cli.store.journal import Journal
from changen_cli.store.records import read_record, record_path
from tests.outputs import FORMATS

Run = Callable[..., None]
Tree = Callable[[Path], dict[str, bytes]]


def _commit(format: str, root: Path, spec: StoreSpec, index: int, outcomes: list[Outcome]) -> None:
    commit_shard(make_format(format, root, spec), index, outcomes)


@pytest.mark.parametrize("format", FORMATS)
def test_processes_write_shards_side_by_side(
    tmp_path: Path, run_store: Run, tree: Tree, spec: StoreSpec, outcomes: list[Outcome], format: str
) -> None:
    run_store(format, tmp_path / "one", spec, outcomes)
    root = tmp_path / "many"
    context = multiprocessing.get_context("fork")
    with Journal(root) as journal:
        journal.open({"format": format, "seed": 1, "events": ["create", "remove"]})
        writer = make_format(format, root, spec)
        writer.create()
        parts = [(index, outcomes[index * 2 : index * 2 + 2]) for index in (2, 0, 1)]
        workers = [context.Process(target=_commit, args=(format, root, spec, *part)) for part in parts]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(30)
        assert [worker.exitcode for worker in workers] == [0, 0, 0]
        assert journal.done() == {0, 1, 2}
        finish_run(writer, journal, {"seed": 1})
    assert tree(root) == tree(tmp_path / "one")


@pytest.mark.parametrize("format", FORMATS)
def test_every_file_of_a_shard_is_in_its_record(
    tmp_path: Path, tree: Tree, spec: StoreSpec, with_looks: list[Outcome], format: str
) -> None:
    store = make_format(format, tmp_path, spec)
    with Journal(tmp_path) as journal:
        journal.open({})
        store.create()
        before = tree(tmp_path)
        commit_shard(store, 0, with_looks[:2])
    written = {name: data for name, data in tree(tmp_path).items() if name not in before and data != b"<folder>"}
    written.pop(record_path(tmp_path, 0).relative_to(tmp_path).as_posix())
    assert len(written) > 5
    assert read_record(record_path(tmp_path, 0)).files == {name: checksum(data) for name, data in written.items()}
