"""Arguments of training that the change generator alone has."""

from __future__ import annotations

from typing import Annotated

from changen_cli.options import Ge, Gt, Number, option, options


@options()
class ChangenArguments:
    """Weights in the losses of the change generator."""

    projected: Annotated[Number, Ge(0)] = option(
        default=0.0, help="Weight of the projected discriminator; 0: the paper's loss alone.", group="Losses"
    )
    changed: Annotated[Number, Gt(0)] = option(
        default=1.0,
        help="Weight of pixels of changed ground in the losses of synthesised images. The paper has 1; more shows "
        "short runs sooner what a removed building leaves, which is a small part of few crops.",
        group="Losses",
    )
