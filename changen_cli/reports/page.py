"""Pages are made from templates of one look; each is one file that needs nothing else."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from changen_cli.files import replacing_file
from changen_cli.metrics.text import percent


def render(template: str, **values: object) -> str:
    """Fills in a template of ``reports/templates``.

    Args:
        template: Its name.
        **values: What it names; a name that is missing is an error.

    Returns:
        HTML.
    """
    return _find(template).render(**values)


def write_filled(path: Path, template: str, **values: object) -> None:
    """Fills in a template and writes it, whole or not at all, piece by piece: what it names may be made as it goes.

    Args:
        path: HTML file; its folder is made if need be.
        template: Its name.
        **values: What it names; a name that is missing is an error.

    Raises:
        StoreError: If it cannot be written.
    """
    with replacing_file(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        file.writelines(_find(template).generate(**values))


def _find(template: str) -> Template:
    environment = Environment(
        loader=PackageLoader("changen_cli.reports"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters["percent"] = percent
    return environment.get_template(template)
