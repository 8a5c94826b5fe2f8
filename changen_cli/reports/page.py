"""Pages are made from templates of one look; each is one file that needs nothing else."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from changen_cli.metrics.text import percent


def render(template: str, **values: object) -> str:
    """Fills in a template of ``reports/templates``.

    Args:
        template: Its name.
        **values: What it names; a name that is missing is an error.

    Returns:
        HTML.
    """
    environment = Environment(
        loader=PackageLoader("changen_cli.reports"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters["percent"] = percent
    return environment.get_template(template).render(**values)
