"""Options of ``changen export``."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Annotated, Literal

from changen_cli import plugins
from changen_cli.errors import UsageError
from changen_cli.options import Ge, Le, PathText, Whole, option, options
from changen_cli.scenes.classes import read_names

WHAT, DETAILS, OUTPUT = "What is exported", "Details of some layouts", "Output"


def find_layouts() -> tuple[str, ...]:
    """Lists the names that ``--layout`` takes, sorted; nothing is imported for it."""
    return tuple(plugins.find(plugins.LAYOUTS))


@options("--")
class ExportOptions:
    """What to write of an output, in which layout, and where."""

    series: PathText = option(
        help="Output folder of changen generate, any format.", group=WHAT, positional=True, name="series"
    )
    layout: str = option(help="Layout to write.", group=WHAT, flags=("-l",), choices=find_layouts)
    output: PathText = option(help="Folder, or file, to write.", group=OUTPUT, flags=("-o",))
    split: str | None = option(default=None, help="Only the series of one split: train, val or test.", group=WHAT)
    pairs: Literal["consecutive", "all"] = option(
        default="consecutive",
        help="Which pairs of dates: consecutive (t, t + 1), or all: those and (0, t), from the real image on.",
        group=WHAT,
    )
    class_name: tuple[str, ...] = option(
        default=(),
        help="What a class of the masks is called, as NUMBER=NAME; repeatable. Unless told other as when the output "
        "was generated, and 1=building.",
        group=WHAT,
    )
    shard_items: Annotated[Whole, Ge(1)] = option(
        default=1000, help="Pairs in a file of webdataset and parquet.", group=DETAILS
    )
    zarr_version: Annotated[Whole, Ge(2), Le(3)] = option(
        default=2, help="zarr-map: version of Zarr, 2 (every GDAL from 3.4 on) or 3.", group=DETAILS
    )
    first_date: str = option(
        default="2020-01-01",
        help="stac: day of the first image, YYYY-MM-DD. Dates of a simulation are made up; items say so.",
        group=DETAILS,
    )
    days: Annotated[Whole, Ge(1)] = option(default=365, help="stac: days between two dates.", group=DETAILS)
    copy: bool = option(
        default=False,
        help="Copy files that stay as they are; else they are hard links where the disk allows it: one file with two "
        "names, so do not edit either.",
        group=OUTPUT,
    )
    overwrite: bool = option(default=False, help="Replace what an earlier export wrote there.", group=OUTPUT)

    def __post_init__(self) -> None:
        """Checks what belongs together.

        Raises:
            UsageError: If a class or a date cannot be read.
        """
        self.class_names()
        self.start()

    def class_names(self, recorded: Iterable[str] = ()) -> dict[int, str]:
        """Returns the names of classes by their number in the masks; others have none.

        Args:
            recorded: Names that the output knows, ``NUMBER=NAME``; those of the options come first.

        Raises:
            UsageError: If one is no NUMBER=NAME.
        """
        return read_names((*recorded, *self.class_name))

    def start(self) -> datetime.date:
        """Returns the day of the first image.

        Raises:
            UsageError: If it is none.
        """
        try:
            return datetime.date.fromisoformat(self.first_date)
        except ValueError as error:
            raise UsageError(f"--first-date {self.first_date}: must be a day, YYYY-MM-DD") from error
