"""Arguments of training that SPADE alone has."""

from __future__ import annotations

from typing import Annotated

from changen_cli.errors import UsageError
from changen_cli.options import Digest, Ge, Number, PathText, option, options


@options()
class SpadeArguments:
    """Weights in the losses of SPADE."""

    matching: Annotated[Number, Ge(0)] = option(
        default=10.0, help="Weight of feature matching; 10 as published.", group="Losses"
    )
    perceptual: Annotated[Number, Ge(0)] = option(
        default=0.0,
        help="Weight of the comparison of frozen features, 10 as published; 0 goes without. The features are those of "
        "EfficientNet-Lite0 unless --vgg-weights is given.",
        group="Losses",
    )
    vgg_weights: PathText | None = option(
        default=None,
        help="File of the weights of torchvision's vgg19, for the published comparison of its features.",
        group="Losses",
    )
    vgg_sha256: Digest | None = option(
        default=None, help="The SHA-256 of that file, which the card then names; sha256sum prints it.", group="Losses"
    )

    def __post_init__(self) -> None:
        if (self.vgg_weights is None) != (self.vgg_sha256 is None):
            raise UsageError(
                "--vgg-weights and --vgg-sha256 go together, so that the card says which features were compared; give "
                "both (sha256sum FILE prints the second)"
            )
        if self.vgg_weights is not None and not self.perceptual:
            raise UsageError("--vgg-weights is given with perceptual 0; give --perceptual 10, as published, too")
