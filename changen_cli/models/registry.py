"""Which network an architecture's name in a weights card stands for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

from changen_cli.errors import WeightsError
from changen_cli.models.changen import ChangenGenerator, GeneratorConfig
from changen_cli.models.deepfill import DeepFillConfig, DeepFillGenerator
from changen_cli.models.oasis import OasisConfig, OasisGenerator
from changen_cli.models.segmenter import Segmenter, SegmenterConfig
from changen_cli.models.spade import SpadeConfig, SpadeGenerator


@dataclass(frozen=True, slots=True)
class Architecture:
    """A network that weights can be of.

    Attributes:
        network: Its class; takes the configuration alone.
        config: The dataclass of its configuration, whose fields are the arguments in a weights card.
    """

    network: type[nn.Module]
    config: type[Any]


ARCHITECTURES: Mapping[str, Architecture] = {
    "changen": Architecture(ChangenGenerator, GeneratorConfig),
    "oasis": Architecture(OasisGenerator, OasisConfig),
    "spade": Architecture(SpadeGenerator, SpadeConfig),
    "deepfill": Architecture(DeepFillGenerator, DeepFillConfig),
    "segmenter": Architecture(Segmenter, SegmenterConfig),
}


def make_network(architecture: str, arguments: Mapping[str, Any]) -> nn.Module:
    """Makes a network with fresh weights.

    Args:
        architecture: Name from :data:`ARCHITECTURES`.
        arguments: Fields of its configuration.

    Returns:
        The network.

    Raises:
        WeightsError: If there is no such architecture.
        UsageError: If an argument is out of range.
        TypeError: If an argument is unknown.
    """
    if architecture not in ARCHITECTURES:
        raise WeightsError(f"unknown architecture {architecture!r}; known: {', '.join(ARCHITECTURES)}")
    found = ARCHITECTURES[architecture]
    network: nn.Module = found.network(found.config(**arguments))
    return network
