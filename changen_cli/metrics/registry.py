"""The metrics that are installed."""

from __future__ import annotations

from changen_cli import plugins
from changen_cli.errors import PluginError
from changen_cli.metrics.base import Column, Metric


def find_metrics() -> dict[str, Metric]:
    """Finds the declarations of all metrics that are installed.

    Returns:
        By name, in the order that tables have them in.

    Raises:
        PluginError: If one cannot be loaded, is no :class:`Metric` or has a column that another one has.
    """
    found: list[Metric] = []
    columns: dict[str, str] = {}
    for name in plugins.find(plugins.METRICS):
        metric = plugins.load(plugins.METRICS, name)
        if not isinstance(metric, Metric) or metric.name != name:
            raise PluginError(f"metric plugin {name!r}: is no Metric of that name; repair or uninstall its package")
        for column in metric.columns:
            if (other := columns.setdefault(column.name, name)) != name:
                raise PluginError(f"metric plugin {name!r}: {other!r} has a column {column.name!r} too; rename one")
        found.append(metric)
    return {metric.name: metric for metric in sorted(found, key=lambda metric: (metric.rank, metric.name))}


def find_columns() -> dict[str, Column]:
    """Returns the columns of all metrics by their names, in order."""
    return {column.name: column for metric in find_metrics().values() for column in metric.columns}


def list_metrics() -> str:
    """Lists the metrics that are installed for ``--help``: Markdown, those of one summary on one line."""
    titles: dict[str, list[str]] = {}
    for metric in find_metrics().values():
        if metric.summary:
            titles.setdefault(metric.summary, []).append(metric.title)
    return "\n".join(f"- **{', '.join(names)}**: {summary}" for summary, names in titles.items())
