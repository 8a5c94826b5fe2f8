from __future__ import annotations

import pytest

from changen_cli.errors import UsageError
from changen_cli.pipeline.worker_options import WorkerOptions


@pytest.mark.parametrize(
    ("values", "shared_out", "sharing"),
    [
        ({}, False, ""),
        ({"workers": 3}, False, ""),
        ({"shard": "1/4"}, False, "--shard"),
        ({"devices": 2}, True, "--devices or --engine"),
        ({"devices": "auto"}, True, "--devices or --engine"),
        ({"engine": "ray"}, True, "--devices or --engine"),
    ],
)
def test_who_fills_the_output(values: dict[str, object], shared_out: bool, sharing: str) -> None:
    options = WorkerOptions(**values)  # type: ignore[arg-type]  # one dict for options of several types
    assert (options.is_shared_out, options.sharing) == (shared_out, sharing)
    assert str(options.share()) == str(values.get("shard"))


def test_a_worker_starts_no_workers() -> None:
    with pytest.raises(UsageError, match="--shard with --devices or --engine"):
        WorkerOptions(shard="0/2", devices=2)
