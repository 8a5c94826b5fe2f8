from __future__ import annotations

import pytest

from changen_cli.errors import PluginError, UsageError
from changen_cli.events.schedule import make_schedule
from changen_cli.synthesis.base import Synthesizer, SynthesizerSettings
from changen_cli.synthesis.load import load_synthesizer


def test_a_synthesizer_is_loaded_by_name_for_events_that_it_shows() -> None:
    made = load_synthesizer("copy-paste", SynthesizerSettings(), make_schedule("create", (1, 2), ()))
    assert isinstance(made, Synthesizer)
    with pytest.raises(UsageError, match="--synthesizer copy-paste: shows only"):
        load_synthesizer("copy-paste", SynthesizerSettings(), make_schedule("rotate", (1, 2), ()))
    with pytest.raises(PluginError, match="unknown synthesizer 'crayon'"):
        load_synthesizer("crayon", SynthesizerSettings(), make_schedule("create", (1, 2), ()))
