"""Arguments of training that DeepFillv2 alone has."""

from __future__ import annotations

from typing import Annotated

from changen_cli.options import Ge, Number, option, options


@options()
class DeepFillArguments:
    """Weights in the losses of DeepFillv2."""

    adversarial: Annotated[Number, Ge(0)] = option(
        default=1.0, help="Weight of the hinge loss beside that of L1, which is 1.", group="Losses"
    )
