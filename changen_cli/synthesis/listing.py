"""Which synthesizers are installed, what they can show, and whether they can be used as they are."""

from __future__ import annotations

import inspect
from dataclasses import asdict, dataclass

from changen_cli import plugins
from changen_cli.errors import PluginError, WeightsError
from changen_cli.models.registry import get_model, model_names
from changen_cli.synthesis.network import NetworkSynthesizer
from changen_cli.synthesis.showing import shown_by
from changen_cli.weights.card import find_weights

NONE_NEEDED = "none needed"
NOT_SHIPPED = "yours: --weights"


@dataclass(frozen=True, slots=True)
class Listed:
    """One synthesizer.

    Attributes:
        name: Its entry point.
        summary: First line of what its class says of itself, or why it cannot be loaded.
        shows: Kinds of change that its images can show: "alter", "create", "remove".
        weights: Weights that it takes where none are named, or that it needs none, or needs them named.
    """

    name: str
    summary: str
    shows: tuple[str, ...]
    weights: str

    def as_json(self) -> dict[str, object]:
        """Returns its values by name."""
        return asdict(self)


def list_synthesizers() -> list[Listed]:
    """Lists the synthesizers, by name; one that cannot be loaded says why."""
    return [_describe(name) for name in plugins.find(plugins.SYNTHESIZERS)]


def _describe(name: str) -> Listed:
    try:
        factory = plugins.load(plugins.SYNTHESIZERS, name)
    except PluginError as error:
        return Listed(name, str(error), (), "")
    summary = (inspect.getdoc(factory) or "").partition("\n")[0]
    return Listed(name, summary, tuple(sorted(shown_by(factory))), _weights(name, factory))


def _weights(name: str, factory: object) -> str:
    if not (isinstance(factory, type) and issubclass(factory, NetworkSynthesizer)):
        return NONE_NEEDED
    if name not in model_names():
        return NOT_SHIPPED
    shipped = get_model(name).weights
    try:
        return find_weights(shipped or name)[1].name
    except WeightsError:
        return NOT_SHIPPED
