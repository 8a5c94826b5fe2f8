from __future__ import annotations

from changen_cli.cli.training import list_models
from changen_cli.models.registry import get_model


def test_models_are_listed_one_a_line() -> None:
    listed = list_models({"changelite": get_model("changelite"), "changestar": get_model("changestar")})
    assert [line.split(":")[0] for line in listed.split("\n\n")] == ["`changelite`", "`changestar`"]
