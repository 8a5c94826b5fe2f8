"""What a user asks of ``changen reproduce``."""

from __future__ import annotations

from typing import Annotated

from changen_cli.options import Ge, PathText, Whole, option, options
from changen_cli.reproduce.plan import table_names

COMPUTING = "Computing"
"""Heading in ``--help``."""


@options("--")
class ReproduceOptions:
    """Which table, from which data, and with what."""

    table: str = option(help="table2 ... table8 or figure6.", positional=True, choices=table_names)
    data_root: PathText = option(
        help="Folder of the data sets (changen data list) and, in weights/, of what backbones start from."
    )
    output: PathText = option(
        default="reproduced", help="Folder of all that is made; tables share it, and what they share.", flags=("-o",)
    )
    variants: Annotated[Whole, Ge(1)] = option(default=1, help="n of Changen-{n x 90}k: series per tile.")
    seed: Annotated[Whole, Ge(0)] = option(default=0, help="Of all trainings and series.")
    tiny: bool = option(
        default=False,
        help="The same commands with tiny networks, few iterations and any data: proof that it runs, and nothing else.",
    )
    device: str = option(default="auto", help="auto, cpu, cuda, cuda:1 ...", group=COMPUTING)
    devices: Annotated[Whole, Ge(0)] = option(default=0, help="Devices that a training uses; 0: one.", group=COMPUTING)
