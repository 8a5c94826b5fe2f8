"""One declaration of an option: a dataclass field with its type, range, default, help and group.

Everything else is made from it: the command line (:mod:`changen_cli.cli.options`), YAML files and recipes
(:func:`build`), validation (pydantic's) with its messages, and what the manifest records (:func:`as_manifest`)::

    @options("--")
    class GenerateOptions:
        steps: Annotated[Whole, Ge(1)] = option(default=1, help="Steps of a series.", group="Events")

Values may be given as the text that one types: ``steps="3"`` is 3.
"""

from __future__ import annotations

from annotated_types import Ge, Gt, Le, Lt

from changen_cli.options.build import build, check, options
from changen_cli.options.fields import Info, as_manifest, flat, info, long_name, option
from changen_cli.options.kinds import LOW_TO_HIGH, Digest, Number, Ordered, PathText, Says, Taken, Whole, split
from changen_cli.options.words import words

__all__ = [
    "LOW_TO_HIGH",
    "Digest",
    "Ge",
    "Gt",
    "Info",
    "Le",
    "Lt",
    "Number",
    "Ordered",
    "PathText",
    "Says",
    "Taken",
    "Whole",
    "as_manifest",
    "build",
    "check",
    "flat",
    "info",
    "long_name",
    "option",
    "options",
    "split",
    "words",
]  # fmt: skip
