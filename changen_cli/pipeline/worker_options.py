"""Who does the work of a run: processes beside the generator, workers of one output, devices, an engine."""

from __future__ import annotations

import os
from typing import Annotated, Literal

from changen_cli.errors import UsageError
from changen_cli.options import Ge, Le, Whole, option, options
from changen_cli.pipeline.option_kinds import Auto, OneShare
from changen_cli.store.share import AUTO, Share, find_share

RUN = "Run"
"""Heading of these options in ``--help``."""


@options("--", kw_only=True)
class WorkerOptions:
    """How many processes, machines and devices make one output; no byte of it depends on that.

    Attributes:
        workers: Processes that read, simulate and write; 0 does all in this process, "auto" fits the machine. With
            processes, a script must guard its main module (``if __name__ == "__main__":``).
        shard: Which worker this is, where several fill one output together: "i/N", or "auto"; None for an undivided
            run. Shard k is worker k mod N's, and :func:`changen_cli.pipeline.finalize.finalize` ends the work.
        devices: Devices that fill the output together, or "auto"; see :mod:`changen_cli.pipeline.fleet`.
        engine: "local" or "ray".

    Raises:
        UsageError: If a value cannot be used, or two that do not go together.
    """

    workers: Auto | Annotated[Whole, Ge(0), Le(1024)] = option(
        default="auto",
        help="Processes that read and write: auto, or a number; 0: none.",
        group=RUN,
        recorded=False,
    )
    shard: OneShare | None = option(
        default=None,
        help="Fill one output with N processes or machines: i/N, this is worker i of 0 to N-1 and makes every N-th "
        "shard. auto: i and N are those of the SLURM array task, else torchrun's RANK and WORLD_SIZE. Never guessed: "
        "without --shard a run makes all. Afterwards: changen finalize.",
        group=RUN,
        recorded=False,
    )
    devices: Auto | Annotated[Whole, Ge(1), Le(100_000)] = option(
        default=1,
        help="Devices that fill the output together, a process and a model for each: a number, or auto for all GPUs of "
        "this machine (with --engine ray, of the cluster).",
        group=RUN,
        recorded=False,
    )
    engine: Literal["local", "ray"] = option(
        default="local",
        help="Where it runs: local, this machine; ray, a Ray cluster (RAY_ADDRESS, else one that is started here), an "
        "actor for each GPU, or processor where there is none. One that dies is started again.",
        group=RUN,
        recorded=False,
    )

    def __post_init__(self) -> None:
        self.share()
        if self.is_shared_out and self.shard is not None:
            raise UsageError("--shard with --devices or --engine: a worker is one of several already; leave out one")

    @property
    def is_shared_out(self) -> bool:
        """Whether several workers are to be started; see :mod:`changen_cli.pipeline.fleet`."""
        return self.devices != 1 or self.engine != "local"

    @property
    def sharing(self) -> str:
        """The flag by which this is one of several workers, or starts them; empty for an undivided run."""
        if self.shard is not None:
            return "--shard"
        return "--devices or --engine" if self.is_shared_out else ""

    def share(self) -> Share | None:
        """Which shards this run makes; None for all.

        Raises:
            UsageError: If ``shard`` is "auto", and nothing says which worker this is.
        """
        if self.shard is None:
            return None
        return find_share(os.environ) if self.shard == AUTO else Share.parse(self.shard)
