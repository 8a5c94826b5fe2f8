from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from changen_cli.errors import StoreError
from changen_cli.pipeline.generate import generate
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.pipeline.recorded import recorded_arguments, recorded_options
from changen_cli.store.arguments import read_run

Options = Callable[..., GenerateOptions]


@pytest.fixture
def options(options: Options) -> Options:
    """Runs in this process: another one takes longer to start than all of the work."""
    return partial(options, workers=0)


def test_recorded_options_are_those_that_were_given(options: Options, tmp_path: Path) -> None:
    given = options(
        events={"create": 2.0}, event_options={"create": {"turn": 45.0}}, background="keep", min_valid=0.25, cog=False
    )
    generate(given)
    found = recorded_options(tmp_path / "out", workers=0)
    for name in ("inputs", "output", "events", "background", "min_valid", "tile_size", "format", "seed", "synthesizer"):
        assert getattr(found, name) == getattr(given, name), name
    assert found.shard_samples == 2
    assert found.workers == 0
    assert found.schedule().as_manifest() == given.schedule().as_manifest()


def test_where_nothing_is_recorded(tmp_path: Path) -> None:
    (tmp_path / ".changen").mkdir()
    with pytest.raises(StoreError, match="not complete"):
        recorded_arguments(tmp_path)


def test_arguments_are_those_of_the_run_or_of_the_manifest(options: Options, tmp_path: Path) -> None:
    generate(options())
    wanted = read_run(tmp_path / "out")
    (tmp_path / "out" / ".changen" / "run.json").unlink()
    assert recorded_arguments(tmp_path / "out") == wanted
