from __future__ import annotations

import pytest

from changen_cli.cli.detectors import DataWords, recipe_of
from changen_cli.errors import UsageError

NONE = DataWords(None, None, None, None)


def test_words_about_data_become_sources() -> None:
    words = DataWords(["a", "b"], ["c"], 0.4, ["east_*"])
    config = recipe_of({"model": "changelite"}, words, None, finetune=False)
    assert [(one.path, one.resolution, one.val) for one in config.data] == [
        ("a", 0.4, ("east_*",)),
        ("b", 0.4, ("east_*",)),
    ]
    assert [(one.path, one.val) for one in config.val_data] == [("c", ())]
    with pytest.raises(UsageError, match="are for --data"):
        DataWords(None, None, 0.4, None).as_recipe()


def test_the_recipe_is_the_models_own_unless_one_is_named() -> None:
    assert recipe_of({}, NONE, None, finetune=False).epochs == 20
    assert recipe_of({"init": "none"}, NONE, None, finetune=True).iterations == 5600
    assert recipe_of({"model": "changelite"}, NONE, "changelite-pairs", finetune=False).iterations == 600
    assert recipe_of({"layouts": 0.5}, NONE, None, finetune=False).detector.layouts
