"""What a job tells: the default reporter takes everything and shows nothing."""

from __future__ import annotations

import pytest

from changen_cli.reporter import Progress, Reporter, Silent


def test_silence_takes_everything(capsys: pytest.CaptureFixture[str]) -> None:
    reporter: Reporter = Silent()
    reporter.progress(Progress("generate", 1, 2, "series", "3 tile-steps/s", 4.0, {"rate": 3.0}))
    reporter.say("a line")
    reporter.warn("another")
    assert capsys.readouterr() == ("", "")


def test_progress_has_defaults_for_what_is_not_known() -> None:
    progress = Progress("reference", 0, 0)
    assert (progress.unit, progress.note, progress.seconds_left, dict(progress.values)) == ("items", "", None, {})
