from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from changen_cli.errors import StoreError
from changen_cli.store.base import StoreSpec
from changen_cli.store.planned import Planned, agree, plan_path, read_plan
from changen_cli.store.share import Share

SPEC = StoreSpec(5, 2, 24, 40, 2, {"cog": True, "creation_options": {"COMPRESS": "ZSTD"}})
PLAN = Planned("geotiff", SPEC, ({"id": "kampala", "tiles": 5},), ({"id": "jinja", "image": "j.tif", "reason": "cut"},))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / ".changen").mkdir()
    return tmp_path


def test_the_first_worker_writes_it_and_others_agree(root: Path) -> None:
    assert read_plan(root) is None
    agree(root, PLAN, Share(2, 3))
    written = plan_path(root).read_bytes()
    agree(root, PLAN, Share(0, 3))
    agree(root, PLAN, None)
    assert plan_path(root).read_bytes() == written
    found = read_plan(root)
    assert found is not None
    assert found.as_json() == replace(PLAN, workers=3).as_json()
    assert found.spec == SPEC
    assert [str(share) for share in found.shares] == ["0/3", "1/3", "2/3"]


def test_another_number_of_workers_is_refused(root: Path) -> None:
    agree(root, PLAN, Share(0, 8))
    with pytest.raises(StoreError, match=r"divided among 8 workers, and this is worker 0/1: give --shard i/8"):
        agree(root, PLAN, Share(0, 1))


def test_what_an_undivided_run_began_can_be_divided(root: Path) -> None:
    agree(root, PLAN, None)
    assert read_plan(root).shares == []  # type: ignore[union-attr]
    agree(root, PLAN, Share(1, 2))
    assert len(read_plan(root).shares) == 2  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (replace(PLAN, spec=replace(SPEC, samples=4)), "samples was 5, is now 4"),
        (replace(PLAN, scenes=({"id": "kampala", "tiles": 4},)), "scenes: kampala is another now"),
        (replace(PLAN, scenes=({"id": "gulu", "tiles": 5},)), "scenes: kampala was where gulu is now"),
        (replace(PLAN, unusable=()), "it had 1 unusable scenes, now there are 0"),
        (replace(PLAN, format="zarr"), "format was geotiff, is now zarr"),
    ],
)
def test_another_plan_is_refused(root: Path, other: Planned, said: str) -> None:
    agree(root, PLAN, Share(0, 3))
    with pytest.raises(StoreError, match=f"planned otherwise: {said}; every worker must see the same input"):
        agree(root, other, Share(1, 3))


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"digest": ""}', b"\xff"])
def test_a_damaged_plan_names_the_remedy(root: Path, data: bytes) -> None:
    plan_path(root).write_bytes(data)
    with pytest.raises(StoreError, match=r"cannot read .*plan\.json: .*delete it"):
        read_plan(root)
