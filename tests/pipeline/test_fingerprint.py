from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from changen_cli.pipeline.fingerprint import fingerprint_files
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.pipeline.plan import make_plan
from changen_cli.reporter import Silent


def test_input_files_have_a_fingerprint(
    options: Callable[..., GenerateOptions], town: Callable[..., Path], tmp_path: Path
) -> None:
    asked = options()
    first = fingerprint_files(make_plan(asked, Silent()), asked)
    assert first.startswith("2 files, ")
    assert fingerprint_files(make_plan(asked, Silent()), asked) == first
    town(tmp_path / "in", size=(200, 300), compress="deflate")
    assert fingerprint_files(make_plan(asked, Silent()), asked) != first
