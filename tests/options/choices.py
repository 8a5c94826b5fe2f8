"""Options that the tests of options make."""

from __future__ import annotations

from typing import Annotated, Literal

from changen_cli.options import Ge, Number, PathText, Says, Whole, option, options, split


@options()
class Source:
    path: PathText = option(help="Where.")
    share: Annotated[Number, Ge(0)] = option(default=0.0, help="Share.")


@options("--")
class Choices:
    steps: Annotated[Whole, Ge(1)] = option(default=1, help="Steps.", group="Events", flags=("-s",))
    batch_size: Literal["auto"] | Annotated[Whole, Ge(1)] = option(default="auto", help="Batch.", recorded=False)
    bands: Annotated[tuple[Whole, Whole, Whole], split(","), Says("three band numbers, as in 3,2,1")] | None = option(
        default=None, help="Bands."
    )
    data: tuple[Source, ...] = option(default=(), help="Data.")
    first: Source = option(default_factory=lambda: Source("x"), help="First.", name="source")
