from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from changen_cli.errors import StoreError
from changen_cli.files import scratch_folder
from changen_cli.store.base import Outcome, Series, Status, StoreSpec
from changen_cli.store.commit import commit_shard
from changen_cli.store.finish import finish_run
from changen_cli.store.formats.registry import make_format
from changen_cli.store.journal import Journal
from changen_cli.store.planned import Planned
from changen_cli.store.share import Share
from tests.outputs import FORMATS

Run = Callable[..., None]
Tree = Callable[[Path], dict[str, bytes]]


class KilledError(BaseException):
    """Stands for SIGKILL: nothing in the package catches it, and clean-up is switched off when it is thrown."""


@contextmanager
def killed_at(limit: int | None) -> Iterator[list[str]]:
    """Counts every call that changes the disk, and raises in the one with number ``limit``, half-way where it can."""
    calls: list[str] = []

    def killed() -> bool:
        return limit is not None and len(calls) > limit

    def watch(name: str, real: Callable[..., Any], half: Callable[..., Any] | None = None) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            if killed() and name == "rmtree":
                return None  # a killed process deletes nothing more
            calls.append(name)
            if killed():
                if half is not None:
                    half(*arguments)
                raise KilledError
            return real(*arguments, **options)

        return call

    def half_a_file(path: Path, data: bytes) -> None:
        with open(path, "wb") as file:
            file.write(bytes(data)[: len(data) // 2])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "write_bytes", watch("write", Path.write_bytes, half_a_file))
        for name in ("replace", "rename", "fsync"):
            patch.setattr(os, name, watch(name, getattr(os, name)))
        patch.setattr(Path, "unlink", watch("unlink", Path.unlink))
        patch.setattr(Path, "rmdir", watch("rmdir", Path.rmdir))
        patch.setattr(Path, "mkdir", watch("mkdir", Path.mkdir))
        patch.setattr(shutil, "rmtree", watch("rmtree", shutil.rmtree))
        yield calls


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one, and a sync that is not done, so that hundreds of runs take seconds."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shared if os.access(shared, os.W_OK) else tmp_path) as folder:
        yield Path(folder)


@pytest.mark.parametrize(("format", "more"), [*((name, False) for name in FORMATS), ("geotiff", True)])
def test_killed_anywhere_and_run_again_gives_the_same_bytes(
    memory: Path, run_store: Run, tree: Tree, make_series: Callable[..., Series], format: str, more: bool
) -> None:
    series = make_series(0, size=(16, 32), steps=1, looks=more, conditions=more)
    outcomes = [Outcome(series.id, Status.DONE, series=series), Outcome("x__r9_c9", Status.FAILED, "unreadable")]
    # Zarr takes its time over each shard, and one is as good as another.
    spec = StoreSpec(2, 1, 16, 32, 2 if format == "zarr" else 1)
    with killed_at(None) as calls:
        run_store(format, memory / "whole", spec, outcomes)
    whole = tree(memory / "whole")
    assert {"write", "replace", "fsync", "mkdir", "rmtree"} <= set(calls)
    for limit in range(len(calls)):
        out = memory / f"killed{limit}"
        with pytest.raises(KilledError), killed_at(limit):
            run_store(format, out, spec, outcomes)
        run_store(format, out, spec, outcomes)
        assert tree(out) == whole, f"killed in {calls[limit]}, call {limit}"
        shutil.rmtree(out)


def test_killed_while_overwriting(memory: Path, run_store: Run, tree: Tree, make_series: Callable[..., Series]) -> None:
    series = make_series(0, size=(16, 32), steps=1, looks=True, conditions=True)
    outcomes = [Outcome(series.id, Status.DONE, series=series)]
    spec = StoreSpec(1, 1, 16, 32, 1)
    run_store("geotiff", memory / "whole", spec, outcomes)
    whole = tree(memory / "whole")
    with killed_at(None) as calls:
        run_store("geotiff", memory / "whole", spec, outcomes, overwrite=True)
    assert tree(memory / "whole") == whole
    for limit in range(len(calls)):
        out = memory / f"killed{limit}"
        shutil.copytree(memory / "whole", out)
        with pytest.raises(KilledError), killed_at(limit):
            run_store("geotiff", out, spec, outcomes, overwrite=True)
        run_store("geotiff", out, spec, outcomes)
        assert tree(out) == whole, f"killed in {calls[limit]}, call {limit}"
        shutil.rmtree(out)


@pytest.mark.parametrize("format", FORMATS)
def test_killed_while_another_run_is_removed(
    memory: Path, run_store: Run, tree: Tree, make_series: Callable[..., Series], format: str
) -> None:
    """Once a run has begun to remove another one, the same run goes on to the end, with --overwrite or without."""
    old, new = make_series(0, size=(16, 32), steps=1, looks=True), make_series(1, size=(16, 32), steps=1)
    spec = StoreSpec(1, 1, 16, 32, 1)
    run_store("geotiff", memory / "old", spec, [Outcome(old.id, Status.DONE, series=old)], seed=7)
    outcomes = [Outcome(new.id, Status.DONE, series=new)]
    run_store(format, memory / "new", spec, outcomes)
    whole = tree(memory / "new")
    shutil.copytree(memory / "old", memory / "out")
    with killed_at(None) as calls:
        run_store(format, memory / "out", spec, outcomes, overwrite=True)
    assert tree(memory / "out") == whole
    begun = False
    for limit in range(len(calls)):
        out = memory / f"killed{limit}"
        shutil.copytree(memory / "old", out)
        with pytest.raises(KilledError), killed_at(limit):
            run_store(format, out, spec, outcomes, overwrite=True)
        begun = begun or not (out / "manifest.json").exists()
        run_store(format, out, spec, outcomes, overwrite=not begun or limit % 2 == 0)
        assert tree(out) == whole, f"killed in {calls[limit]}, call {limit}"
        shutil.rmtree(out)


def test_an_overwriting_run_that_was_killed_goes_on(
    tmp_path: Path, run_store: Run, spec: StoreSpec, outcomes: list[Outcome]
) -> None:
    run_store("zarr", tmp_path, spec, outcomes)
    other = {"seed": 2}
    with Journal(tmp_path) as journal:
        assert journal.open(other, overwrite=True) is False
        commit_shard(make_format("zarr", tmp_path, spec), 1, outcomes[2:4])
    with Journal(tmp_path) as journal:
        assert journal.open(other, overwrite=True) is True
        assert journal.done() == {1}
        assert not journal.finished


def test_undone_shards_are_made_anew(
    tmp_path: Path, run_store: Run, tree: Tree, spec: StoreSpec, outcomes: list[Outcome]
) -> None:
    run_store("zarr", tmp_path, spec, outcomes)
    whole = tree(tmp_path)
    with Journal(tmp_path) as journal:
        journal.undo([1], ["events.parquet"])
        assert not journal.finished
        assert journal.done() == {0, 2}
    assert not (tmp_path / "events.parquet").exists()
    run_store("zarr", tmp_path, spec, outcomes)
    assert tree(tmp_path) == whole


def test_arguments_that_are_damaged_or_lost_are_those_of_the_manifest(
    tmp_path: Path, spec: StoreSpec, outcomes: list[Outcome], tree: Tree
) -> None:
    arguments = {"seed": 1}
    store = make_format("levir", tmp_path, spec)
    with Journal(tmp_path) as journal:
        journal.open(arguments)
        store.create()
        for index in range(3):
            commit_shard(store, index, outcomes[index * 2 : index * 2 + 2])
        finish_run(store, journal, {"arguments": arguments})
    whole = tree(tmp_path)
    run = tmp_path / ".changen" / "run.json"
    for damage in (lambda: run.write_text("{"), run.unlink):
        damage()
        with Journal(tmp_path) as journal:
            with pytest.raises(StoreError, match="seed was 1, is now 2"):
                journal.open({"seed": 2})
            assert journal.open(arguments) is True
        assert tree(tmp_path) == whole
    (tmp_path / "manifest.json").unlink()
    run.unlink()
    with pytest.raises(StoreError, match=r"run\.json is missing; use --overwrite"):
        Journal(tmp_path).open(arguments)


REAL = """
import os, signal, sys
from pathlib import Path
from changen_cli import files
left = int(sys.argv[2])
real = os.fsync
def fsync(descriptor):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    real(descriptor)
os.fsync = fsync
from changen_cli.store.base import Outcome, Status, StoreSpec
from changen_cli.store.formats.registry import make_format
from changen_cli.store.commit import commit_shard
from changen_cli.store.finish import finish_run
from changen_cli.store.journal import Journal
writer = make_format("zarr", Path(sys.argv[1]), StoreSpec(2, 1, 16, 16, 1))
with Journal(writer.root) as journal:
    journal.open({"seed": 1})
    writer.create()
    for index in set(range(2)) - journal.done():
        commit_shard(writer, index, [Outcome(f"a__r{index}_c0", Status.SKIPPED, "empty")])
    finish_run(writer, journal, {})
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_real_kill(tmp_path: Path, tree: Tree) -> None:
    command = [sys.executable, "-c", REAL]
    assert subprocess.run([*command, str(tmp_path / "whole"), "999"]).returncode == 0
    assert subprocess.run([*command, str(tmp_path / "out"), "17"]).returncode == -9
    assert not (tmp_path / "out" / "manifest.json").exists()
    assert subprocess.run([*command, str(tmp_path / "out"), "999"]).returncode == 0
    assert tree(tmp_path / "out") == tree(tmp_path / "whole")


def test_a_full_disk_then_a_resume(
    mount: Callable[[str], Path], tmp_path: Path, run_store: Run, tree: Tree, make_series: Callable[..., Series]
) -> None:
    disk = mount("size=700k")
    parts = [make_series(number, size=(128, 160)) for number in range(4)]
    outcomes = [Outcome(series.id, Status.DONE, series=series) for series in parts]
    spec = StoreSpec(4, 2, 128, 160, 1)
    ballast = disk / "ballast"
    ballast.write_bytes(b"x" * 400_000)
    with pytest.raises(StoreError, match=r"no space left.*same command again: it goes on where it stopped"):
        run_store("zarr", disk / "out", spec, outcomes)
    assert not (disk / "out" / "manifest.json").exists()
    ballast.unlink()
    subprocess.run(["mount", "-o", "remount,size=9m", disk], check=True)
    run_store("zarr", disk / "out", spec, outcomes)
    run_store("zarr", tmp_path / "whole", spec, outcomes)
    assert tree(disk / "out") == tree(tmp_path / "whole")


def test_same_arguments_go_on(tmp_path: Path) -> None:
    with Journal(tmp_path / "out") as journal:
        assert journal.open({"seed": 1, "events": ("create",)}) is False
    with Journal(tmp_path / "out") as journal:
        assert journal.open({"events": ["create"], "seed": 1}) is True


def test_other_arguments_are_refused_by_name(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.open({"seed": 1, "weights": {"sha256": "aa"}, "steps": 3})
    other = Journal(tmp_path)
    with pytest.raises(StoreError) as caught:
        other.open({"seed": 2, "weights": {"sha256": "bb"}, "steps": 3, "gap": 1.5})
    message = str(caught.value)
    assert "seed was 1, is now 2" in message
    assert 'weights.sha256 was "aa", is now "bb"' in message
    assert "gap was not set, is now 1.5" in message
    assert "steps" not in message
    assert "--overwrite" in message
    with Journal(tmp_path) as journal:
        journal.open({"seed": 1, "weights": {"sha256": "aa"}, "steps": 3})  # the refused one holds no lock


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_of_anybody_else_is_left_alone(tmp_path: Path, tree: Tree, overwrite: bool) -> None:
    (tmp_path / "thesis.tex").write_text("five years")
    before = tree(tmp_path)
    with pytest.raises(StoreError, match=r"thesis\.tex and was not written by changen"):
        Journal(tmp_path).open({"seed": 1}, overwrite=overwrite)
    assert tree(tmp_path) == before
    with pytest.raises(StoreError, match="is a file"):
        Journal(tmp_path / "thesis.tex").open({"seed": 1}, overwrite=overwrite)


@pytest.mark.parametrize("format", FORMATS)
def test_overwrite_removes_only_what_changen_wrote(
    tmp_path: Path, run_store: Run, tree: Tree, spec: StoreSpec, with_looks: list[Outcome], format: str
) -> None:
    run_store(format, tmp_path, spec, with_looks)
    foreign = [tmp_path / "notes.txt", tmp_path / "plots" / "t0.tif", tmp_path / "LEVIR-CD+" / "README"]
    foreign += [tmp_path / "image" / "preview.png", tmp_path / ".changen" / "mine"]
    for path in foreign:
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine")
    with Journal(tmp_path) as journal:
        assert journal.open({"other": True}, overwrite=True) is False
        assert journal.done() == set()
    left = {name for name, data in tree(tmp_path).items() if data != b"<folder>"}
    ours = {".changen/lock", ".changen/run.json"}
    assert left == ours | {str(path.relative_to(tmp_path)) for path in foreign}


def test_workers_write_one_output_and_leave_each_others_scratch(
    tmp_path: Path, spec: StoreSpec, outcomes: list[Outcome], run_store: Run, tree: Tree
) -> None:
    arguments = {"format": "zarr", "seed": 1, "events": ["create", "remove"]}
    out, plan = tmp_path / "out", Planned("zarr", spec)
    store = make_format("zarr", out, spec)
    with Journal(out, Share(0, 2)) as first:
        assert first.open(arguments, plan=plan) is False
        half = scratch_folder(out) / "half"
        half.mkdir(parents=True)
        store.create()
        commit_shard(store, 2, outcomes[4:])
        with pytest.raises(StoreError, match="worker 0/2"):
            Journal(out).open(arguments, overwrite=True)
    with Journal(out, Share(1, 2)) as second:
        assert second.open(arguments, plan=plan) is True
        assert half.exists()
        commit_shard(store, 1, outcomes[2:4])
        with pytest.raises(StoreError, match="worker 1/2"):
            Journal(out, Share(1, 2)).open(arguments, plan=plan)
    with Journal(out, Share(1, 3)) as other, pytest.raises(StoreError, match="divided among 2 workers"):
        other.open(arguments, plan=plan)
    with Journal(out, Share(0, 2)) as first:
        assert first.open(arguments, plan=plan) is True
        assert not half.exists()
        assert first.done() == {1, 2}
    run_store("zarr", out, spec, outcomes)
    run_store("zarr", tmp_path / "whole", spec, outcomes)
    assert tree(out) == tree(tmp_path / "whole")


def test_two_runs_cannot_write_one_output(tmp_path: Path) -> None:
    with Journal(tmp_path) as first:
        first.open({"seed": 1})
        with pytest.raises(StoreError, match="another run"):
            Journal(tmp_path).open({"seed": 1})
        with pytest.raises(StoreError, match="another run"):
            Journal(tmp_path).open({"seed": 2}, overwrite=True)


def test_a_damaged_record_or_run_names_the_remedy(
    tmp_path: Path, run_store: Run, tree: Tree, spec: StoreSpec, outcomes: list[Outcome]
) -> None:
    run_store("zarr", tmp_path, spec, outcomes)
    whole = tree(tmp_path)
    record = tmp_path / ".changen" / "shards" / "000001.json"
    record.write_text("{")
    with pytest.raises(StoreError, match=r"000001\.json.*run the same command again"):
        list(Journal(tmp_path).records())
    record.unlink()
    run_store("zarr", tmp_path, spec, outcomes)
    assert tree(tmp_path) == whole
    (tmp_path / ".changen" / "run.json").write_text("{")
    with pytest.raises(StoreError, match=r"run\.json.*--overwrite"):
        run_store("zarr", tmp_path, spec, outcomes)
    run_store("zarr", tmp_path, spec, outcomes, overwrite=True)
    assert tree(tmp_path) == whole


def test_summaries_count(tmp_path: Path, run_store: Run, spec: StoreSpec, outcomes: list[Outcome]) -> None:
    run_store("levir", tmp_path, spec, outcomes)
    first, second, third = Journal(tmp_path).summaries()
    assert first.statuses == {"done": 2}
    assert first.changes == {"create": 2, "relocate": 2, "remove": 2}
    assert first.shortfalls == {"create": 4}
    assert second.statuses == {"failed": 1, "skipped": 1}
    assert second.problems[1] == ("kampala__r3_c0", "failed", "kampala.tif: tile r3_c0 cannot be read")
    assert third.changes == {}
    samples = list(Journal(tmp_path).samples())
    assert [sample.index for sample in samples] == [0, 1, 2, 3, 4]
    assert samples[0].changed_pixels[0] > 0
    assert samples[4].changed_pixels == (0, 0)
    assert samples[0].crs is not None
    assert samples[0].crs.startswith("PROJCS")
    assert json.loads((tmp_path / "manifest.json").read_text())["store"]["format"] == "levir"
