"""From the name of a synthesizer to one that is ready, for the events of a run."""

from __future__ import annotations

from changen_cli import plugins
from changen_cli.device import random_state_kept
from changen_cli.errors import PluginError
from changen_cli.events.schedule import Schedule
from changen_cli.synthesis.base import Synthesizer, SynthesizerSettings
from changen_cli.synthesis.showing import require_classes, require_events, shown_by


def load_synthesizer(name: str, settings: SynthesizerSettings, schedule: Schedule | None = None) -> Synthesizer:
    """Loads a synthesizer plugin. PyTorch's random generators are left as they were.

    Args:
        name: Its entry point.
        settings: What it is made with.
        schedule: The events whose changes it is to show; None where changes come from elsewhere, and are looked at one
            by one (:func:`~changen_cli.synthesis.showing.require_changes`).

    Returns:
        The synthesizer.

    Raises:
        PluginError: If it is not installed, cannot be loaded, or has not the methods of one.
        UsageError: If it cannot show what an event does, or knows no objects of the class that it changes.
        WeightsError: If its weights are missing, damaged or made for another architecture.
    """
    factory = plugins.load(plugins.SYNTHESIZERS, name)
    if schedule is not None:
        require_events(name, shown_by(factory), ((event_name, event) for event_name, event, _ in schedule.events))
    with random_state_kept():
        synthesizer = factory(settings)
    if not isinstance(synthesizer, Synthesizer):
        raise PluginError(f"synthesizer {name!r} has not the methods of one; see synthesis/base.py")
    if schedule is not None:
        require_classes(synthesizer, ((event_name, event) for event_name, event, _ in schedule.events))
    return synthesizer
