"""Arguments of training that the segmenter alone has."""

from __future__ import annotations

from typing import Annotated

from changen_cli.options import Ge, Lt, Number, option, options


@options()
class SegmenterArguments:
    """How the images of the segmenter are varied."""

    jitter: Annotated[Number, Ge(0), Lt(1)] = option(
        default=0.2, help="Largest relative change of brightness, contrast and each band's gain.", group="Losses"
    )
