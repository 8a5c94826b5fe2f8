from __future__ import annotations

from changen_cli.options import info
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.training.config.pairs import AugmentOptions, SynthesisOptions


def test_synthesis_has_the_defaults_of_generate() -> None:
    made, known = SynthesisOptions(), GenerateOptions(inputs=("a",))
    for name in ("synthesizer", "weights", "background", "drift", "new_looks", "repaint"):
        assert getattr(made, name) == getattr(known, name), name
    choices = info(SynthesisOptions.__dataclass_fields__["synthesizer"]).choices
    assert choices is not None
    assert {"changen", "copy-paste", "oasis"} <= set(choices())


def test_factors_are_typed_as_a_list() -> None:
    assert AugmentOptions(zoom="0.75,1.25").zoom == (0.75, 1.25)  # type: ignore[arg-type]
