from __future__ import annotations

from pathlib import Path

import pytest

from changen_cli.errors import UsageError
from changen_cli.training.report.options import ReportOptions


def test_the_page_lies_in_the_run_unless_told_other() -> None:
    assert ReportOptions("runs/a").page == Path("runs/a/report.html")
    assert ReportOptions("runs/a", output="b.HTML").page == Path("b.HTML")


@pytest.mark.parametrize(("given", "message"), [({"output": "b.png"}, "--output b.png"), ({"sheets": -1}, "--sheets")])
def test_what_cannot_be_used(given: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        ReportOptions("runs/a", **given)  # type: ignore[arg-type]
