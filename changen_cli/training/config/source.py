"""One source of training scenes."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator

from changen_cli.options import Ge, Number, PathText, Says, option, options
from changen_cli.scenes.options import Resolution
from changen_cli.training.config.crops import Scale


def _texts(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Patterns = Annotated[tuple[str, ...], BeforeValidator(_texts), Says("a pattern, or a list of patterns")]
"""Patterns of scene ids, as in shells."""


@options()
class DataConfig:
    """One source of training scenes.

    Attributes:
        path: Folder, raster or list, as for ``changen generate --input``.
        resolution: Ground metres per pixel to read at; scenes without a georeference are read as they are.
        val: Patterns (as in shells) of scene ids that are kept for validation.
        exclude: Patterns of scene ids that are not used at all (bad labels).
        scale: Scale jitter of this source, where its resolution asks for another than the run's.
        share: Share of the samples that comes from this source, relative to the others; 0 shares by valid pixels.
    """

    path: PathText = option(help="Folder, raster or list of scenes with footprints, or an xBD / xView2 tree.")
    resolution: Resolution | None = option(default=None, help="Ground metres per pixel to read at.")
    val: Patterns = option(default=(), help="Patterns of scene ids kept out of training, for validation.")
    exclude: Patterns = option(default=(), help="Patterns of scene ids that are not used at all.")
    scale: Scale | None = option(default=None, help="Scale jitter of this source, in place of the run's.")
    share: Annotated[Number, Ge(0)] = option(
        default=0.0, help="Share of the samples, relative to the other sources; 0: by valid pixels."
    )
