"""Arguments of training that SPADE alone has."""

from __future__ import annotations

from typing import Annotated

from changen_cli.options import Ge, Number, option, options


@options()
class SpadeArguments:
    """Weights in the losses of SPADE."""

    matching: Annotated[Number, Ge(0)] = option(
        default=10.0, help="Weight of feature matching; 10 as published.", group="Losses"
    )
    perceptual: Annotated[Number, Ge(0)] = option(
        default=0.0,
        help="Weight of the comparison of EfficientNet-Lite0 features, in place of VGG-19's; 0 goes without.",
        group="Losses",
    )
