"""The command ``changen``: its verbs, and how errors become one line and an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from typing import Annotated

import click
import typer

from changen_cli import __version__
from changen_cli.cli import events, generate, train, weights
from changen_cli.errors import ChangenError

INTERRUPTED = 130

app = typer.Typer(
    name="changen",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    help="""Simulate how a place changes: labelled multi-temporal image series from single-date imagery and footprints.

    **Start here:** `changen generate --input tiles/ --events create,remove --steps 3`
    """,
)
app.command("generate", help=generate.HELP)(generate.command)
app.command("train", help=train.HELP)(train.command)
app.add_typer(events.app, name="events")
app.add_typer(weights.app, name="weights")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"changen {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    del version


def main(arguments: list[str] | None = None) -> None:
    """Runs the command line; never returns.

    Exit codes: 0 all done, 1 finished with failed tiles (listed), 2 unusable arguments or input, 130 interrupted
    (resumable).

    Args:
        arguments: Words after ``changen``; those of the process if None.
    """
    try:
        code = app(args=arguments, standalone_mode=False)
    except click.exceptions.Abort:
        code = _interrupted()
    except KeyboardInterrupt:
        code = _interrupted()
    except click.ClickException as error:
        error.show(sys.stderr)
        code = 2
    except ChangenError as error:
        typer.echo(f"changen: error: {error}", err=True)
        code = error.exit_code
    except BrokenPipeError:
        # the reader of our output went away (| head); what is left to say has no reader
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except Exception as error:
        if os.environ.get("CHANGEN_DEBUG"):
            traceback.print_exc()
        typer.echo(
            f"changen: internal error: {type(error).__name__}: {error}; this is a bug: run again with CHANGEN_DEBUG=1 "
            "set and report what it prints",
            err=True,
        )
        code = 1
    sys.exit(code if isinstance(code, int) else 0)


def _interrupted() -> int:
    typer.echo("changen: interrupted; run the same command again and it goes on where it stopped", err=True)
    return INTERRUPTED


if __name__ == "__main__":
    main()
