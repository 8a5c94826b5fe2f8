from __future__ import annotations

import pytest

from changen_cli.conditions.choose import Conditions, make_conditions
from changen_cli.conditions.haze import Haze
from changen_cli.conditions.options import DEFAULT, ConditionOptions
from changen_cli.errors import UsageError
from changen_cli.options import info


def test_the_default_is_in_one_place() -> None:
    assert ConditionOptions().chosen_conditions() == make_conditions(DEFAULT)
    assert make_conditions(DEFAULT) == Conditions()


def test_text_and_mappings() -> None:
    wanted = make_conditions("haze=0.5,light", ["light.offset=0"])
    assert (
        ConditionOptions(conditions="haze=0.5,light", condition_options=("light.offset=0",)).chosen_conditions()
        == wanted
    )
    options = ConditionOptions(conditions={"haze": 0.5, "light": None}, condition_options={"light": {"offset": 0}})
    assert options.chosen_conditions() == wanted


def test_what_cannot_be_used_is_said() -> None:
    with pytest.raises(UsageError, match="'haze' is listed twice"):
        ConditionOptions(conditions="haze,haze").chosen_conditions()


def test_strength_is_declared_once_for_all() -> None:
    fields = Haze.__dataclass_fields__
    assert info(fields["strength"]).help
    assert fields["strength"].default == 1
    with pytest.raises(UsageError, match=r"strength 5\.0: must be a number from 0 to 4"):
        Haze(strength=5.0)
