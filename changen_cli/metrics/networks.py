"""The networks that metrics are computed with: loaded once, shared by all evaluations, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from torch import nn

from changen_cli.errors import WeightsError
from changen_cli.metrics.change.segmenter import load_segmenter
from changen_cli.metrics.distances.features import Extractor, Lite0Extractor
from changen_cli.metrics.distances.inception import SOURCE, InceptionExtractor

SEGMENTER = "segmenter"
LITE0 = "lite0"
INCEPTION = "inception"
"""The Inception network with the published weights: only with these a score has its name."""

OTHER_INCEPTION = "other inception"
"""The same network with any other weights."""

NO_SEGMENTER = (
    "no segmenter given: name the one that ships, --segmenter segmenter, or better one trained on scenes like these "
    "(changen train --model segmenter)"
)


@dataclass(frozen=True)
class Networks:
    """The networks there are, by the names that metrics need them by.

    Attributes:
        extractors: What turns images into features.
        segmenter: What reads buildings from images (:class:`changen_cli.metrics.change.agreement.Segmenter`), frozen.
        segmenter_card: Name and SHA-256 of its weights.
        missing: Of those that are known and not there: why, and what to do to get them.
        device: A torch device.
        batch_size: Images a network sees at once.
    """

    extractors: Mapping[str, Extractor] = field(default_factory=dict)
    segmenter: nn.Module | None = None
    segmenter_card: dict[str, str] | None = None
    missing: Mapping[str, str] = field(default_factory=dict)
    device: str = "cpu"
    batch_size: int = 16


def load_networks(
    *,
    segmenter: str | None = None,
    inception_weights: str | None = None,
    inception_sha256: str | None = None,
    lite0: bool = True,
    device: str = "cpu",
    batch_size: int = 16,
    no_segmenter: str = NO_SEGMENTER,
) -> Networks:
    """Loads the networks.

    Args:
        segmenter: Name or path of weights, or None to do without.
        inception_weights: File of the Inception network, or None to do without.
        inception_sha256: What its SHA-256 must be, or None.
        lite0: Whether to load EfficientNet-Lite0.
        device: A torch device.
        batch_size: Images a network sees at once.
        no_segmenter: What to do to get a segmenter, for where it is missing.

    Raises:
        WeightsError: If weights that are named cannot be used.
    """
    extractors: dict[str, Extractor] = {}
    missing: dict[str, str] = {}
    if inception_weights is None:
        missing[INCEPTION] = f"no Inception weights given: {SOURCE}"
    else:
        inception = InceptionExtractor(Path(inception_weights), inception_sha256, device)
        extractors[INCEPTION if inception.published else OTHER_INCEPTION] = inception
        if not inception.published:
            missing[INCEPTION] = f"the weights given are not the published ones, so scores have other names; {SOURCE}"
    if not lite0:
        missing[LITE0] = "not asked for"
    else:
        try:
            extractors[LITE0] = Lite0Extractor(device)
        except WeightsError as error:  # an optional package; the metric says what is missing
            missing[LITE0] = str(error)
    network, card = None, None
    if segmenter is None:
        missing[SEGMENTER] = no_segmenter
    else:
        network, found = load_segmenter(segmenter, device)
        card = {"name": found.name, "sha256": found.sha256}
    return Networks(extractors, network, card, missing, device, batch_size)
