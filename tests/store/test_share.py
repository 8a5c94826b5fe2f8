from __future__ import annotations

import pytest

from changen_cli.errors import UsageError
from changen_cli.store.base import StoreSpec
from changen_cli.store.share import Share, find_share, process_here


def test_every_shard_is_one_workers() -> None:
    for workers in (1, 2, 3, 8):
        shares = [Share.parse(f"{worker}/{workers}") for worker in range(workers)]
        assert sorted(shard for share in shares for shard in share.shards(7)) == list(range(7))
        assert all(shard in share for share in shares for shard in share.shards(7))
        spec = StoreSpec(samples=13, steps=1, height=16, width=16, shard_samples=2)
        assert sum(share.samples(spec) for share in shares) == 13
    assert list(Share(1, 3).shards(7)) == [1, 4]
    assert (str(Share(1, 3)), Share(1, 3).name) == ("1/3", "1-of-3")


@pytest.mark.parametrize("text", ["", "1", "3/3", "-1/3", "1/0", "a/b", "0/1/2", "1.0/2", "0/99999999", "²/3"])
def test_what_is_no_share(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no i/N|there is no worker"):
        Share.parse(text)


def slurm(task: int, least: int, most: int, count: int) -> dict[str, str]:
    values = {"ID": task, "MIN": least, "MAX": most, "COUNT": count}
    return {f"SLURM_ARRAY_TASK_{name}": str(value) for name, value in values.items()}


@pytest.mark.parametrize(
    ("environment", "share"),
    [
        (slurm(0, 0, 7, 8), "0/8"),
        (slurm(8, 1, 8, 8), "7/8"),
        (slurm(4, 0, 6, 4), "2/4"),
        ({**slurm(3, 1, 4, 4), "RANK": "0", "WORLD_SIZE": "1"}, "2/4"),
        ({"RANK": "5", "WORLD_SIZE": "6"}, "5/6"),
    ],
)
def test_what_started_the_process_says_which_worker_it_is(environment: dict[str, str], share: str) -> None:
    assert str(find_share(environment)) == share


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "neither a SLURM array"),
        ({"RANK": "1"}, "neither a SLURM array"),
        ({"SLURM_JOB_ID": "7", "SLURM_PROCID": "1"}, "neither a SLURM array"),
        (slurm(5, 3, 8, 3), "3 to 8, are no range in equal steps"),
        (slurm(4, 1, 5, 3), "no range"),
        ({"SLURM_ARRAY_TASK_ID": "1"}, "the variable 'SLURM_ARRAY_TASK_MIN' is not set"),
        ({"RANK": "4", "WORLD_SIZE": "4"}, "there is no worker 4 of 4"),
        ({"RANK": "x", "WORLD_SIZE": "4"}, "invalid literal"),
    ],
)
def test_where_nobody_can_say(environment: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        find_share(environment)
    assert "give --shard i/N" in str(caught.value)


def test_the_process_of_a_machine() -> None:
    assert process_here({}) == 0
    assert process_here({"LOCAL_RANK": "3"}) == 3
    assert process_here({"LOCAL_RANK": "all"}) == 0
