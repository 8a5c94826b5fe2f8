from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import changen_cli
from changen_cli.errors import ChangenError, UsageError
from changen_cli.pipeline.fleet.run import generate
from changen_cli.pipeline.options import GenerateOptions
from tests.outputs import Tree
from tests.pipeline.fleet.killing import Killing
from tests.reporting import Heard

Options = Callable[..., GenerateOptions]
MANY = {"variants": 40, "steps": 6, "shard_samples": 3}
SHARDS = 80


def test_alone_it_is_the_run_of_this_process(options: Options) -> None:
    assert changen_cli.generate is generate
    assert generate(options()).statuses == {"done": 6}


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["local", "ray"])
def test_two_workers_one_of_which_is_killed(options: Options, tree: Tree, tmp_path: Path, engine: str) -> None:
    if engine == "ray":
        pytest.importorskip("ray")
    root = tmp_path / "together"
    asked = options(output=str(root), devices=2, engine=engine, **MANY)
    heard = Killing(root, SHARDS)
    summary = generate(asked, heard)
    assert heard.killed is not None
    assert len(heard.warned) == 1
    assert heard.warned[0].startswith("worker 0/2 died (")
    assert summary.statuses == {"done": 240}
    assert heard.progresses[-1].done <= heard.progresses[-1].total
    alone = options(output=str(tmp_path / "alone"), **MANY)
    generate(alone)
    files = [
        {name: data for name, data in tree(path).items() if data != b"<folder>"} for path in (root, tmp_path / "alone")
    ]
    assert files[0] == files[1]
    again = generate(asked, Heard())
    assert again.statuses == {"done": 240}


@pytest.mark.slow
def test_an_error_of_a_worker_is_that_of_the_run(options: Options) -> None:
    with pytest.raises(ChangenError, match=r"nowhere\.tif: no such file or folder"):
        generate(options(devices=2, inputs=("nowhere.tif",)))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"devices": 2, "shard": "0/2"}, "--shard with --devices or --engine"),
        ({"engine": "ray", "overwrite": True}, "--overwrite with --devices or --engine"),
        ({"devices": 0}, "--devices"),
    ],
)
def test_what_does_not_go_together(options: Options, given: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        options(**given)


def test_series_that_are_made_elsewhere_cannot_be_watched(options: Options) -> None:
    with pytest.raises(UsageError, match="--live with several --devices"):
        generate(options(devices=2), watch=lambda series: None)
