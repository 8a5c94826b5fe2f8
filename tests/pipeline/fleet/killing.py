"""A reporter that kills a worker as soon as it has written something."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

from changen_cli.reporter import Progress
from changen_cli.store.journal import done_shards
from tests.reporting import Heard

_PROCESS = re.compile(r"worker (\d+)/\d+: process (\d+) of ")


class Killing(Heard):
    """Kills the first worker that has said what process it is, when shards are there and others are not.

    Attributes:
        killed: Its process; None if it came to its end before.
    """

    def __init__(self, root: Path, shards: int) -> None:
        super().__init__()
        self.killed: int | None = None
        self._root, self._shards = root, shards

    def progress(self, progress: Progress) -> None:
        """Kills, once."""
        super().progress(progress)
        said = next((found for line in self.said if (found := _PROCESS.match(line)) and found[1] == "0"), None)
        done = done_shards(self._root)
        mine = {shard for shard in done if shard % 2 == 0}
        if self.killed is None and said is not None and mine and len(mine) < self._shards // 2 - 1:
            self.killed = int(said[2])
            os.kill(self.killed, signal.SIGKILL)
