"""Options of ``changen preview``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

from changen_cli.errors import UsageError
from changen_cli.options import Ge, Le, Number, PathText, Whole, option, options

WHAT, PICTURES, LAPSE, OUTPUT = "What is shown", "Pictures", "Time-lapse", "Output"

PAGE, SHEET, LAPSES = "html", "png", ("gif", "webp", "mp4")

PAGE_NAME = "preview.html"
"""What is written where no file is named."""

PAGE_SERIES, SHEET_SERIES = 200, 6
"""Most series on a page and on a sheet, if nothing is said. 200 series of 4 dates of 256 pixels are about 20 MB."""

PAGE_SIZE = 256
"""Pixels of the longer side of a picture on a page, if nothing is said."""

Files: TypeAlias = dict[str, Path]
"""Files to write, by kind: :data:`PAGE`, :data:`SHEET` and :data:`LAPSES`."""


@options("--")
class PreviewOptions:
    """What to show of an output, and in which files."""

    series: PathText = option(
        help="Output folder of changen generate, any format.", group=WHAT, positional=True, name="series"
    )
    split: str | None = option(default=None, help="Only the series of one split: train, val or test.", group=WHAT)
    id: tuple[str, ...] = option(
        default=(), help="Only the series of this id; repeatable. A time-lapse shows the first.", group=WHAT
    )
    limit: Annotated[Whole, Ge(1)] | None = option(
        default=None,
        help=f"Most series, spread evenly over the output; {PAGE_SERIES} on a page and {SHEET_SERIES} on a sheet "
        "if not given. A series of 4 dates takes about 0.1 MB of a page.",
        group=WHAT,
    )
    size: Annotated[Whole, Ge(32), Le(4096)] | None = option(
        default=None,
        help=f"Most pixels of the longer side of a picture, none is enlarged; {PAGE_SIZE} on a page if not given, and "
        "elsewhere as they are stored.",
        group=PICTURES,
    )
    seconds: Annotated[Number, Ge(0.1), Le(60)] = option(
        default=1.0, help="How long a time-lapse shows each date.", group=LAPSE
    )
    outlines: bool = option(default=True, help="Draw on each date of a time-lapse what its step changed.", group=LAPSE)
    output: PathText | None = option(
        default=None,
        help=f"HTML page; {PAGE_NAME} if no file is named at all. A name that ends in .png, .gif, .webp or .mp4 gives "
        "that instead.",
        group=OUTPUT,
        flags=("-o",),
    )
    png: PathText | None = option(default=None, help="Contact sheet.", group=OUTPUT)
    gif: PathText | None = option(default=None, help="Time-lapse of one series, of 256 colours.", group=OUTPUT)
    webp: PathText | None = option(default=None, help="Time-lapse of one series, in all colours.", group=OUTPUT)
    mp4: PathText | None = option(
        default=None, help='Time-lapse of one series, a film; needs pip install "changen[video]".', group=OUTPUT
    )

    def __post_init__(self) -> None:
        """Checks the names of the files.

        Raises:
            UsageError: If a name does not end as its kind does.
        """
        self.files()

    def files(self) -> Files:
        """Returns the files to write, by kind.

        Raises:
            UsageError: If a name does not end as its kind does, or two files are of one kind.
        """
        kinds = (PAGE, SHEET, *LAPSES)
        found: Files = {}
        for kind in kinds[1:]:
            name = getattr(self, kind)
            if name is not None:
                if kind_of(name) != kind:
                    raise UsageError(f"--{kind} {name}: the name must end in .{kind}")
                found[kind] = Path(name)
        if self.output is not None:
            kind = kind_of(self.output)
            if kind not in kinds:
                raise UsageError(f"--output {self.output}: the name must end in {', '.join('.' + k for k in kinds)}")
            if kind in found:
                raise UsageError(f"--output {self.output}: --{kind} names such a file already; give one of them")
            found[kind] = Path(self.output)
        return found or {PAGE: Path(PAGE_NAME)}


def kind_of(name: str) -> str:
    """Returns what the name of a file says it is: its ending, in small letters, ``htm`` as ``html``."""
    ending = Path(name).suffix.lower().removeprefix(".")
    return PAGE if ending == "htm" else ending
