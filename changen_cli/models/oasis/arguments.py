"""Arguments of training that OASIS alone has."""

from __future__ import annotations

from typing import Annotated

from changen_cli.options import Ge, Number, option, options


@options()
class OasisArguments:
    """Weights in the losses of OASIS."""

    labelmix: Annotated[Number, Ge(0)] = option(
        default=0.0,
        help="Weight of the LabelMix consistency of the discriminator; 10 as published, 0 goes without.",
        group="Losses",
    )
