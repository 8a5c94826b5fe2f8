from __future__ import annotations

from collections import Counter

import pytest

from changen_cli.cli.progress import ProgressView
from changen_cli.cli.summary import FAILED_SHOWN, report_summary, summary_json
from changen_cli.errors import ExitCode
from changen_cli.pipeline.summary import Summary


def test_failures_are_listed_even_where_it_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    failed = [(f"a__r{number}_c0", "failed", "cut short") for number in range(FAILED_SHOWN + 3)]
    summary = Summary("out", "zarr", 40, 1, Counter(done=17, failed=23), problems=failed, shard="0/2")
    report_summary(ProgressView("generate", quiet=True), summary)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == FAILED_SHOWN + 1
    assert lines[0] == "failed: a__r0_c0: cut short"
    assert lines[-1] == "failed: 3 more; samples.parquet in out has them all"
    report_summary(ProgressView("generate", quiet=False), summary)
    said = capsys.readouterr().err
    assert "out: 17 done, 23 failed of 40 series of worker 0/2; changes: none" in said
    assert "when every worker is done: changen finalize out" in said


def test_json_has_every_field() -> None:
    summary = Summary("out", "zarr", 1, 1, Counter(skipped=1), problems=[("a", "skipped", "empty")])
    values = summary_json(summary, ExitCode.DONE)
    assert values["problems"] == [{"id": "a", "status": "skipped", "reason": "empty"}]
    assert (values["shard"], values["exit_code"]) == (None, 0)
