"""Arguments of training that the change generator alone has."""

from __future__ import annotations

from typing import Annotated

from changen_cli.options import Ge, Gt, Le, Number, option, options


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
    supervised: Annotated[Number, Ge(0), Le(1)] = option(
        default=0.0,
        help="With looks: share of the samples whose image is what G must return. They need crops that are covered.",
        group="Losses",
    )
    pixels: Annotated[Number, Ge(0)] = option(
        default=2.0, help="Weight of the absolute difference of supervised samples to the image.", group="Losses"
    )
    uncovered: Annotated[Number, Gt(0)] = option(
        default=3.0, help="Weight of a pixel of ground that becomes visible, in that difference.", group="Losses"
    )
    matching: Annotated[Number, Ge(0)] = option(
        default=2.0,
        help="Weight of the difference of frozen EfficientNet-Lite0 features of supervised samples.",
        group="Losses",
    )
    kl: Annotated[Number, Ge(0)] = option(
        default=0.02, help="With looks: weight of their Kullback-Leibler divergence from N(0, 1).", group="Losses"
    )
    colours: Annotated[Number, Ge(0)] = option(
        default=0.0,
        help="With looks: weight of the difference in mean and deviation of colours between each region and the one "
        "whose look it has.",
        group="Losses",
    )
