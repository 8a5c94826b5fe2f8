from __future__ import annotations

from collections.abc import Callable

from changen_cli.synthesis.base import Batch


def test_a_part_has_its_own_changes(removal: Callable[..., Batch]) -> None:
    step = removal(2)
    parts = step.parts(2)
    assert [len(part) for part in parts] == [2, 1]
    assert [part.changes for part in parts] == [step.changes[:2], step.changes[2:]]
    assert all(part.largest_class == step.largest_class for part in parts)
