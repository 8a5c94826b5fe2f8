"""``changen report``."""

from __future__ import annotations

import typer

from changen_cli.cli.options import takes
from changen_cli.training.report.options import ReportOptions

HELP = """Report on a training run, finished or still going on: one HTML page that needs no network.

Sample sheets over time with a slider, the metrics of its validations (at the first, at the one that is kept as the
best, at the last), the curves of these and of all losses, the speed, and the recipe. RUN is the folder that
`changen train`, `changen pretrain` or `changen finetune` writes; nothing in it is changed but that page.

**Examples**

`changen report runs/mine`

`changen report runs/mine --output mine.html --sheets 60`
"""


@takes(ReportOptions)
def command(options: ReportOptions) -> None:
    """Calls :func:`changen_cli.training.report.page.write_report`, and names the page."""
    from changen_cli.training.report.page import write_report

    typer.echo(str(write_report(options)))
