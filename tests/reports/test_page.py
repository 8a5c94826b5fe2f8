from __future__ import annotations

import pytest
from jinja2 import UndefinedError

from changen_cli.reports.page import render


def test_what_a_template_names_must_be_there() -> None:
    with pytest.raises(UndefinedError):
        render("quality.html.j2", about={})
