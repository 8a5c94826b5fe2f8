"""Options of the synthesis, the same for runs (``changen generate``) and for arrays in memory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from changen_cli import plugins
from changen_cli.errors import UsageError
from changen_cli.options import Ge, Le, Number, PathText, option, options
from changen_cli.synthesis.look_plan import NewLooks, choose_weights

SYNTHESIS = "Synthesis"
"""Heading of these options in ``--help``."""


def _synthesizers() -> Iterable[str]:
    return plugins.find(plugins.SYNTHESIZERS)


@options("--", kw_only=True)
class SynthesizerOptions:
    """What makes the images, with which weights, where, and how far things that did not change may look different.

    Attributes:
        synthesizer: Name of the plugin.
        weights: Name or path; None for what fits (:meth:`chosen_weights`).
        background: "synthesize" (the paper) or "keep".
        drift: How far the look of the ground moves at each step; None for what fits
            (:func:`~changen_cli.synthesis.look_plan.choose_drift`).
        new_looks: Whose look a new object takes; None for some of each.
        repaint: Share of the objects that stay and have another look one step later; None for what fits.
        device: "auto" or a torch device.
        precision: "auto", "fp32", "bf16" or "fp16".

    Raises:
        UsageError: If a value cannot be used, or two that do not go together.
    """

    synthesizer: str = option(
        default="changen",
        help="What makes the images; copy is for labels alone: images do not change. See: changen synthesizers list.",
        group=SYNTHESIS,
        choices=_synthesizers,
        recorded=False,
    )
    weights: PathText | None = option(
        default=None,
        help="Name or path, see changen weights list. Of the change generator, if not given: compact-paper, whose "
        "pairs train the best detectors; compact, whose images look best, where an option is for weights with looks.",
        group=SYNTHESIS,
        recorded=False,
    )
    background: Literal["synthesize", "keep"] = option(
        default="synthesize",
        help="synthesize (the paper: all pixels) or keep (only around changes; the ground has no drift then).",
        group=SYNTHESIS,
    )
    drift: Annotated[Number, Ge(0), Le(1)] | None = option(
        default=None,
        help="How far season and light move at each step: 0 not at all, 1 drawn anew (the paper). For weights with "
        "looks; 0.5 if not given, 0 with --background keep.",
        group=SYNTHESIS,
        recorded=False,
    )
    new_looks: NewLooks | None = option(
        default=None,
        help="Looks of new objects: drawn from those that the weights have seen, borrowed from another object of the "
        "tile, or mixed. For weights with looks; mixed if not given.",
        group=SYNTHESIS,
        recorded=False,
    )
    repaint: Annotated[Number, Ge(0), Le(1)] | None = option(
        default=None,
        help="Share of the buildings that stay and look different one step later, which is no change: 0 none, 1 all "
        "(the paper). For weights with looks; 0 if not given.",
        group=SYNTHESIS,
        recorded=False,
    )
    device: str = option(default="auto", help="auto, cpu, cuda, cuda:1 ...", group=SYNTHESIS, recorded=False)
    precision: Literal["auto", "fp32", "bf16", "fp16"] = option(
        default="auto", help="auto, fp32, bf16 or fp16.", group=SYNTHESIS, recorded=False
    )

    def __post_init__(self) -> None:
        if self.background == "keep" and self.drift:
            raise UsageError(
                f"--drift {self.drift:g}: with --background keep the ground stays as it is; leave out one of the two"
            )
        if self.background == "keep" and self.repaint:
            raise UsageError(
                f"--repaint {self.repaint:g}: with --background keep buildings that stay are kept to the last pixel; "
                "leave out one of the two"
            )

    def require_looks(self, look_dim: int) -> None:
        """Refuses what only weights with looks can do.

        Args:
            look_dim: Length of a look of the synthesizer; 0 if it has none.

        Raises:
            UsageError: If such an option is given for a synthesizer without looks.
        """
        given = [flag for flag, value in self.for_looks().items() if value is not None]
        if given and not look_dim:
            first = given[0]
            raise UsageError(
                f"{first} is for weights with looks, which these are not; leave {first} out, or use weights that have "
                "them, such as compact"
            )

    def chosen_weights(self) -> str | None:
        """Names the weights, by the rule of :mod:`~changen_cli.synthesis.look_plan`; None for the plugin's default."""
        return choose_weights(self.weights, self.synthesizer, looks=self.needs_looks())

    def needs_looks(self) -> bool:
        """Whether something is asked for that only weights with looks can do."""
        return any(value is not None for value in self.for_looks().values())

    def for_looks(self) -> dict[str, object]:
        """What only weights with looks can do, by flag; None where it is not given."""
        return {"--drift": self.drift, "--new-looks": self.new_looks, "--repaint": self.repaint}
