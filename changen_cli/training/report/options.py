"""Options of ``changen report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from changen_cli.errors import UsageError
from changen_cli.options import Ge, PathText, Whole, option, options

SHOWN, OUTPUT = "What is shown", "Output"

PAGE_NAME = "report.html"
"""Name of the page in the folder of the run, if no other is given."""


@options("--")
class ReportOptions:
    """Which run to report on, and where to."""

    run: PathText = option(
        help="Folder of changen train, pretrain or finetune, finished or not.", group=SHOWN, positional=True
    )
    sheets: Annotated[Whole, Ge(0)] = option(
        default=24, help="Most sample sheets, spread evenly from the first to the last; about 0.1 MB each.", group=SHOWN
    )
    output: PathText | None = option(
        default=None, help=f"HTML page; {PAGE_NAME} in the folder of the run if not given.", group=OUTPUT, flags=("-o",)
    )

    def __post_init__(self) -> None:
        """Checks the name of the page.

        Raises:
            UsageError: If it does not end in .html.
        """
        if self.page.suffix.lower() not in (".html", ".htm"):
            raise UsageError(f"--output {self.output}: the name must end in .html")

    @property
    def page(self) -> Path:
        """The file to write."""
        return Path(self.run) / PAGE_NAME if self.output is None else Path(self.output)
