from __future__ import annotations

from dataclasses import replace

from changen_cli.models.changen import MODEL, GeneratorConfig


def test_a_record_names_the_learner_of_a_configuration() -> None:
    fixed = replace(MODEL, learner="package.module:Class")
    assert fixed.learner_of(GeneratorConfig()) == "package.module:Class"
    found = [MODEL.learner_of(GeneratorConfig(looks=looks)).rpartition(":")[2] for looks in (False, True)]
    assert found == ["ChangenLearner", "LooksLearner"]
