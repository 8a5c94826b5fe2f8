from __future__ import annotations

from changen_cli.export.base import Written


def test_all_splits_are_counted() -> None:
    assert Written("pairs", {"train": 3, "val": 0, "test": 2}).total == 5
