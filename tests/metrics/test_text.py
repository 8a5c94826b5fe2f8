from __future__ import annotations

from changen_cli.metrics.text import number, percent


def test_numbers() -> None:
    assert (number(None), number(1.23456), number(2.0, 1)) == ("-", "1.235", "2.0")
    assert (percent(None), percent(0.5)) == ("-", "50.0%")
