"""How a detector's training samples are made: where pairs come from, how they are cut, varied and synthesised."""

from __future__ import annotations

from typing import Annotated, Literal

from changen_cli import plugins
from changen_cli.options import Ge, Le, Lt, Number, PathText, Says, option, options, split
from changen_cli.synthesis.look_plan import NewLooks
from changen_cli.training.config.source import DataConfig

AUGMENTATION, SYNTHESIS = "Augmentation", "Synthesis on the fly"
"""Headings in ``--help``."""

Factors = Annotated[
    tuple[Annotated[Number, Ge(0.1), Le(10)], ...], split(","), Says("a list of factors from 0.1 to 10, as in 0.75,1.5")
]


@options()
class PairData(DataConfig):
    """One source of a detector's training: pairs with change labels, or single-date scenes with footprints.

    Attributes:
        kind: "pairs" (any folder that ``changen evaluate detection`` takes), "scenes" (as ``changen train`` takes
            them), or "auto": pairs where the folder holds pairs, else scenes.
        split: Of pairs: "train", "val" or "test"; "" trains on the train split, and holds the val split out, where
            there are such splits, and takes all pairs where there are none.
    """

    kind: Literal["auto", "pairs", "scenes"] = option(default="auto", help="What the folder holds.")
    split: Literal["", "train", "val", "test"] = option(default="", help="Split of pairs; empty: see the help.")


@options(kw_only=True)
class AugmentOptions:
    """How pairs are varied.

    The defaults are the paper's: flip, rotation, transpose, colour jitter (section 4). How strong the jitter is it does
    not say.
    """

    zoom: Factors = option(
        default=(),
        help="Factors, as in 0.75,1.25,1.5, by one of which stored pairs are enlarged; crops of scenes have --scale.",
        group=AUGMENTATION,
    )
    zooms: Annotated[Number, Ge(0), Le(1)] = option(
        default=0.5, help="Share of the stored pairs that are enlarged at all.", group=AUGMENTATION
    )
    turns: Literal["all", "one", "none"] = option(
        default="all",
        help="all: each of the eight flips and right-angle turns alike; one: half of the pairs as they are, the others "
        "mirrored one way or the other or turned by a right angle (the fine-tuning on LEVIR-CD); none.",
        group=AUGMENTATION,
    )
    jitter: Annotated[Number, Ge(0), Lt(1)] = option(
        default=0.2,
        help="Largest change of brightness, contrast and each band's gain, of each date by itself.",
        group=AUGMENTATION,
    )
    swap: Annotated[Number, Ge(0), Le(1)] = option(
        default=0.0, help="Share of the pairs whose dates are swapped.", group=AUGMENTATION
    )


def _synthesizers() -> list[str]:
    return list(plugins.find(plugins.SYNTHESIZERS))


@options(kw_only=True)
class SynthesisOptions:
    """How the second date of single-date scenes is made while a detector trains; defaults of ``changen generate``."""

    synthesizer: str = option(
        default="changen", help="What makes the second date of scenes.", group=SYNTHESIS, choices=_synthesizers
    )
    weights: PathText | None = option(
        default=None, help="Its weights, name or path. See: changen weights list.", group=SYNTHESIS
    )
    background: Literal["synthesize", "keep"] = option(
        default="synthesize",
        help="synthesize (the paper: all pixels) or keep (only around changes).",
        group=SYNTHESIS,
    )
    drift: Annotated[Number, Ge(0), Le(1)] | None = option(
        default=None,
        help="How far season and light move: 0 not at all, 1 drawn anew (the paper). For weights with looks; as "
        "changen generate if not given.",
        group=SYNTHESIS,
    )
    new_looks: NewLooks | None = option(
        default=None,
        help="Looks of new objects: drawn, borrowed or mixed. For weights with looks; mixed if not given.",
        group=SYNTHESIS,
    )
    repaint: Annotated[Number, Ge(0), Le(1)] | None = option(
        default=None,
        help="Share of the buildings that stay and look different in the second image. For weights with looks; as "
        "changen generate if not given.",
        group=SYNTHESIS,
    )
