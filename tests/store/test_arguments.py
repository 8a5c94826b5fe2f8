from __future__ import annotations

import json
from pathlib import Path

import pytest

from changen_cli.errors import StoreError
from changen_cli.store.arguments import read_run, refuse_others, run_bytes, run_path


def test_arguments_come_back_as_json_has_them(tmp_path: Path) -> None:
    assert read_run(tmp_path) is None
    run_path(tmp_path).parent.mkdir()
    run_path(tmp_path).write_bytes(run_bytes({"seed": 1, "split": (0.8, 0.2)}))
    assert read_run(tmp_path) == {"seed": 1, "split": [0.8, 0.2]}


def test_a_changed_byte_is_damage_and_no_other_argument(tmp_path: Path) -> None:
    run_path(tmp_path).parent.mkdir()
    run_path(tmp_path).write_bytes(run_bytes({"seed": 1}).replace(b'"seed": 1', b'"seed": 3'))
    with pytest.raises(StoreError, match=r"run\.json: it has changed since it was written; use --overwrite"):
        read_run(tmp_path)


def test_an_output_without_checksums_has_one_clear_line(tmp_path: Path) -> None:
    run_path(tmp_path).parent.mkdir()
    run_path(tmp_path).write_text(json.dumps({"version": 1, "arguments": {"seed": 1}}))
    with pytest.raises(StoreError, match="by an earlier changen, without checksums; it stays readable"):
        read_run(tmp_path)


def test_a_remedy_is_told_where_it_is_all_that_is_wrong(tmp_path: Path) -> None:
    remedies = {"threads": "set OMP_NUM_THREADS={}"}
    with pytest.raises(StoreError, match=r"threads was 2, is now 1; set OMP_NUM_THREADS=2, use --overwrite"):
        refuse_others(tmp_path, {"threads": 2, "seed": 1}, {"threads": 1, "seed": 1}, remedies)
    with pytest.raises(StoreError, match="seed was 1, is now 2") as caught:
        refuse_others(tmp_path, {"threads": 2, "seed": 1}, {"threads": 1, "seed": 2}, remedies)
    assert "OMP_NUM_THREADS" not in str(caught.value)
    refuse_others(tmp_path, {"seed": 1}, {"seed": 1}, remedies)
