from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from changen_cli.errors import ExitCode, StoreError
from changen_cli.pipeline.finalize import HolesError, finalize
from changen_cli.pipeline.generate import generate
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.pipeline.summary import NothingMadeError
from changen_cli.store.overview import take_overview
from changen_cli.store.verify import verify
from tests.outputs import FORMATS, Tree
from tests.reporting import Heard

Options = Callable[..., GenerateOptions]


@pytest.fixture
def options(options: Options) -> Options:
    """Runs in this process, 6 shards of 1 sample."""
    return partial(options, workers=0, shard_samples=1)


@pytest.mark.parametrize("format", FORMATS)
def test_workers_one_after_the_other_make_what_one_run_makes(
    options: Options, tmp_path: Path, tree: Tree, format: str
) -> None:
    given = partial(options, format=format, conditions="light", shard_samples=2, variants=3)
    generate(given(output=str(tmp_path / "whole")))
    out = tmp_path / "out"
    for worker in (2, 0, 3, 1):
        summary = generate(given(shard=f"{worker}/4"))
        assert (summary.shard, summary.samples) == (f"{worker}/4", 6 if worker == 0 else 4)
        assert summary.statuses == {"done": summary.samples}
        assert not (out / "manifest.json").exists()
    summary = finalize(out)
    assert (summary.samples, summary.statuses, summary.exit_code) == (18, {"done": 18}, ExitCode.DONE)
    assert tree(out) == tree(tmp_path / "whole")
    assert verify(out).whole


def test_holes_are_named_with_their_workers(options: Options, tmp_path: Path, tree: Tree) -> None:
    out = tmp_path / "out"
    generate(options(shard="1/3"))
    before = tree(out)
    with pytest.raises(HolesError) as caught:
        finalize(out)
    assert caught.value.exit_code is ExitCode.SOME_FAILED
    assert caught.value.missing == [0, 2, 3, 5]
    assert "of 6 shards 4 shards are missing: worker 0/3: 0, 3; worker 2/3: 2, 5; run the same command" in str(
        caught.value
    )
    assert tree(out) == before
    generate(options(shard="0/3"))
    generate(options(shard="2/3"))
    (out / "image" / "c.4.0.0.0.0").unlink()
    with pytest.raises(HolesError, match=r"1 shard is missing: worker 1/3: 4;"):
        finalize(out)
    heard = Heard()
    assert generate(options(shard="1/3"), heard).remade == 1
    assert "c.4.0.0.0.0" in heard.warned[0]
    assert finalize(out).statuses == {"done": 6}
    generate(options(output=str(tmp_path / "whole")))
    assert tree(out) == tree(tmp_path / "whole")


def test_a_finished_output_stays_as_it_is(options: Options, tmp_path: Path, tree: Tree) -> None:
    out = tmp_path / "out"
    for worker in range(2):
        generate(options(shard=f"{worker}/2"))
    finalize(out)
    whole = tree(out)
    heard = Heard()
    assert finalize(out, heard).statuses == {"done": 6}
    assert tree(out) == whole
    assert "nothing is left to do" in heard.said[0]
    assert generate(options(shard="1/2")).resumed == 3, "a worker that comes late counts what is there"
    assert {name for name, data in tree(out).items() if data} == {name for name, data in whole.items() if data}
    assert verify(out).whole
    (out / "mask" / "c.3.0.0.0").unlink()
    with pytest.raises(StoreError, match=r"is finished, but damaged since: missing: mask/c\.3\.0\.0\.0.*--repair"):
        generate(options(shard="1/2"))
    assert generate(options(shard="0/2")).resumed == 3
    assert (out / "manifest.json").exists()


def test_neither_input_nor_weights_are_needed(options: Options, tmp_path: Path, tree: Tree) -> None:
    generate(options(output=str(tmp_path / "whole")))
    generate(options(shard="0/1"))
    (tmp_path / "in").rename(tmp_path / "away")
    finalize(tmp_path / "out")
    assert tree(tmp_path / "out") == tree(tmp_path / "whole")


def test_an_undivided_run_and_workers_take_over_from_each_other(
    options: Options, tmp_path: Path, tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    generate(options(output=str(tmp_path / "whole")))
    generate(options(shard="1/2"))
    assert generate(options()).resumed == 3
    assert tree(tmp_path / "out") == tree(tmp_path / "whole")
    stopped = options(output=str(tmp_path / "stopped"))
    with monkeypatch.context() as patch:
        patch.setattr("changen_cli.pipeline.generate.finish_run", lambda *_: None)
        generate(stopped)
    (tmp_path / "stopped" / ".changen" / "shards" / "000003.json").unlink()
    assert take_overview(tmp_path / "stopped").workers == ()
    with pytest.raises(HolesError, match=r"1 shard is missing: 3; run the same changen generate"):
        finalize(tmp_path / "stopped")
    for worker in range(2):
        generate(options(output=str(tmp_path / "stopped"), shard=f"{worker}/2"))
    finalize(tmp_path / "stopped")
    assert tree(tmp_path / "stopped") == tree(tmp_path / "whole")


def test_more_workers_than_shards(options: Options, tmp_path: Path) -> None:
    for worker in range(8):
        assert generate(options(shard=f"{worker}/8")).samples == (1 if worker < 6 else 0)
    assert finalize(tmp_path / "out").exit_code is ExitCode.DONE


def test_nothing_made_is_said_once_all_is_there(options: Options, tmp_path: Path) -> None:
    given = partial(options, tile_size=1024, edges="pad", min_valid=1.0, variants=6)
    for worker in range(2):
        assert generate(given(shard=f"{worker}/2")).statuses == {"skipped": 3}
    with pytest.raises(NothingMadeError):
        finalize(tmp_path / "out")


def test_what_is_no_divided_output(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="does not exist"):
        finalize(tmp_path / "nowhere")
    (tmp_path / ".changen").mkdir()
    with pytest.raises(StoreError, match="does not say what it was to become"):
        finalize(tmp_path)


WORKER = """
import json, sys, time
from changen_cli.pipeline.engines import local
from changen_cli.pipeline.generate import generate
from changen_cli.pipeline.options import GenerateOptions
real = local.commit_shard
def commit(writer, shard, outcomes):
    summary = real(writer, shard, outcomes)
    if shard == int(sys.argv[2]):
        time.sleep(300)
    return summary
local.commit_shard = commit
generate(GenerateOptions(**json.loads(sys.argv[1])))
"""


def start(options: GenerateOptions, shard: str, *, stops_after: int) -> subprocess.Popen[str]:
    """Starts a worker, which waits to be killed once it has written a shard."""
    names = ("inputs", "output", "tile_size", "synthesizer", "shard_samples", "variants", "workers", "format")
    values = {**{name: getattr(options, name) for name in names}, "shard": shard}
    command = [sys.executable, "-c", WORKER, json.dumps(values), str(stops_after)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def kill_at_end() -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that do not outlive the test."""
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        process.kill()
        process.wait()
        if process.stderr is not None:
            process.stderr.close()


@pytest.mark.slow
@pytest.mark.parametrize(("format", "count"), [("zarr", 3), ("geotiff", 2), ("levir", 2)])
def test_processes_at_once_one_of_them_killed(
    options: Options, tmp_path: Path, tree: Tree, kill_at_end: list[subprocess.Popen[str]], format: str, count: int
) -> None:
    given = partial(options, variants=4, format=format)
    out = tmp_path / "out"
    stop = 1 + count
    running = [start(given(), f"{number}/{count}", stops_after=stop) for number in range(count)]
    kill_at_end.extend(running)
    victim = running.pop(1)
    end = time.monotonic() + 240
    while not (out / ".changen" / "shards" / f"{stop:06d}.json").exists():
        assert victim.poll() is None, victim.communicate()
        assert time.monotonic() < end
        time.sleep(0.01)
    with pytest.raises(StoreError, match=rf"worker \d/{count}.* is writing"):
        generate(given())
    with pytest.raises(StoreError, match=rf"worker 1/{count}.* is writing"):
        generate(given(shard=f"1/{count}"))
    with pytest.raises(HolesError, match=rf"worker 1/{count}: {stop + count}, "):
        finalize(out)
    for process in running:
        assert process.wait(240) == 0, process.communicate()
    with pytest.raises(HolesError) as caught:
        finalize(out)
    assert caught.value.missing == list(range(stop + count, 24, count))
    victim.send_signal(signal.SIGKILL)
    victim.communicate()
    assert generate(given(shard=f"1/{count}")).resumed == 2
    finalize(out)
    generate(given(output=str(tmp_path / "whole")))
    assert tree(out) == tree(tmp_path / "whole")
