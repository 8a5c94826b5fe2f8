from __future__ import annotations

from changen_cli.metrics.base import Column
from changen_cli.training.validation.base import in_words, remarks


def test_one_line_for_each_reason() -> None:
    assert remarks({"a": "no file", "b": "no segmenter", "c": "no file"}) == ["a, c: no file", "b: no segmenter"]


def test_a_line_says_what_is_declared_as_said() -> None:
    columns = {"a": Column("a", "a", "a", said=True), "b": Column("b", "b", "b")}
    assert in_words({"b": 2.0, "a": 0.123456, "c": 1.0}, columns) == "a 0.123"


def test_what_is_said_of_ours() -> None:
    values = dict.fromkeys(
        ("fid", "kid", "kernel_lite0", "agreement_kept", "agreement_iou", "removed_structure", "iou"), 1.0
    )
    assert in_words(values) == "kid 1, kernel_lite0 1, agreement_kept 1, removed_structure 1, iou 1"
