"""A worker's share of an output that several runs fill together: shard k is that of worker k mod N.

A share is written ``i/N``, workers counted from 0. Whole shards are shared out, so no two workers ever write one file,
and since the shares are a matter of counting alone, nobody has to hand them out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from changen_cli.errors import UsageError
from changen_cli.store.base import StoreSpec

AUTO = "auto"
"""In place of i/N: what started this process says which worker it is."""

MOST = 1_000_000
"""Workers that there may be."""

_TEXT = re.compile(r"(\d{1,7})/(\d{1,7})")


@dataclass(frozen=True, slots=True)
class Share:
    """The shards of one worker.

    Attributes:
        worker: Which worker, 0 .. ``workers`` - 1.
        workers: How many there are.

    Raises:
        ValueError: If there is no such worker.
    """

    worker: int
    workers: int

    def __post_init__(self) -> None:
        if not 0 <= self.worker < self.workers <= MOST:
            raise ValueError(f"there is no worker {self.worker} of {self.workers}; they are counted from 0")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads ``i/N``.

        Raises:
            ValueError: If it is anything else, or there is no such worker.
        """
        found = _TEXT.fullmatch(text.strip())
        if found is None:
            raise ValueError(f"{text!r} is no i/N")
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        """Returns ``i/N``."""
        return f"{self.worker}/{self.workers}"

    @property
    def name(self) -> str:
        """The share in the name of a file."""
        return f"{self.worker}-of-{self.workers}"

    def __contains__(self, shard: int) -> bool:
        """Whether a shard is this worker's."""
        return shard % self.workers == self.worker

    def shards(self, total: int) -> range:
        """Returns the shards of this worker, of ``total`` shards in all; none where there are more workers."""
        return range(self.worker, total, self.workers)

    def samples(self, spec: StoreSpec) -> int:
        """Returns how many samples the shards of this worker have; the last shard of all may have fewer."""
        shards = self.shards(spec.shards)
        short = spec.shards * spec.shard_samples - spec.samples if spec.shards - 1 in shards else 0
        return len(shards) * spec.shard_samples - short


def process_here(environment: Mapping[str, str]) -> int:
    """Returns which of the processes of this machine this is, as torchrun says; 0 where it is the only one.

    Args:
        environment: Variables of the process.
    """
    text = environment.get("LOCAL_RANK", "0")
    return int(text) if text.isascii() and text.isdigit() else 0


def find_share(environment: Mapping[str, str]) -> Share:
    """Finds out which worker this process is: from a SLURM array, else from what torchrun sets.

    A SLURM array has to be a whole range (``--array=0-7``, ``1-8``, ``0-14:2``): of a list, or of a single task that is
    submitted again, nobody can say which worker each task is.

    Args:
        environment: Variables of the process.

    Raises:
        UsageError: If neither started this process, or the numbers make no share.
    """
    try:
        if "SLURM_ARRAY_TASK_ID" in environment:
            return _of_array(environment)
        if "RANK" in environment and "WORLD_SIZE" in environment:
            return Share(int(environment["RANK"]), int(environment["WORLD_SIZE"]))
    except (KeyError, ValueError) as error:
        raise UsageError(f"--shard auto: {_words(error)}; give --shard i/N, for example --shard 0/8") from error
    raise UsageError(
        "--shard auto: neither a SLURM array (SLURM_ARRAY_TASK_ID) nor torchrun (RANK, WORLD_SIZE) started this "
        "process; give --shard i/N, for example --shard 0/8"
    )


def _of_array(environment: Mapping[str, str]) -> Share:
    """Returns the share of a task of a SLURM array."""
    task, least, count = (int(environment[f"SLURM_ARRAY_TASK_{name}"]) for name in ("ID", "MIN", "COUNT"))
    most, step = int(environment.get("SLURM_ARRAY_TASK_MAX", least + count - 1)), 1
    if count > 1:
        step, rest = divmod(most - least, count - 1)
        if rest or step < 1 or (task - least) % step:
            raise ValueError(f"the {count} tasks of the SLURM array, {least} to {most}, are no range in equal steps")
    return Share((task - least) // step, count)


def _words(error: Exception) -> str:
    return f"the variable {error} is not set" if isinstance(error, KeyError) else str(error)
