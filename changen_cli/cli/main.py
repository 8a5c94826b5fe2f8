"""The command ``changen``: its verbs, and how errors become one line and an exit code."""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from changen_cli.cli import evaluate, events, example, generate, preview, train, weights
from changen_cli.errors import ChangenError
from changen_cli.version import __version__

INTERRUPTED = 130

# Typer parses with the installed click or, from some version on, with a copy of its own; this base is right for both.
_ParseError: Any = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")

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
app.command("example", help=example.HELP)(example.command)
app.command("preview", help=preview.HELP)(preview.command)
app.command("train", help=train.HELP)(train.command)
app.add_typer(evaluate.app, name="evaluate")
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
    with _sigterm_as_interrupt():
        sys.exit(_run(arguments))


def _run(arguments: list[str] | None) -> int:
    """Runs the command line and says what went wrong, in one line."""
    try:
        code = app(args=arguments, prog_name="changen", standalone_mode=False)
    except (typer.Abort, KeyboardInterrupt):
        code = INTERRUPTED
    except _ParseError as error:
        return _say_parse_error(error)
    except ChangenError as error:
        return _fail(str(error), error.exit_code)
    except BrokenPipeError:
        # the reader of our output went away (| head); what is left to say has no reader
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except MemoryError:
        return _fail("not enough memory; use a smaller --tile-size, --batch-size or fewer --workers, then run it again")
    except Exception as error:  # whatever else escapes is a bug; users get a line and a way to report it, no traceback
        if os.environ.get("CHANGEN_DEBUG"):
            traceback.print_exc()
        typer.echo(
            f"changen: internal error: {type(error).__name__}: {error}; this is a bug: run again with CHANGEN_DEBUG=1 "
            "set and report what it prints",
            err=True,
        )
        return 1
    if code == INTERRUPTED:  # some versions of Typer make this code of a KeyboardInterrupt themselves
        typer.echo("changen: interrupted; run the same command again and it goes on where it stopped", err=True)
    return code if isinstance(code, int) else 0


def _fail(message: str, code: int = 2) -> int:
    typer.echo(f"changen: error: {' '.join(message.splitlines())}", err=True)
    return code


def _say_parse_error(error: Any) -> int:
    """Says what was wrong with the words of a command; there is nothing to say where the help was shown instead."""
    message = " ".join(error.format_message().split()).rstrip(".")
    if type(error).__name__ == "NoArgsIsHelpError":
        if message:
            typer.echo(error.format_message(), err=True)
    else:
        context = getattr(error, "ctx", None)
        command = "changen" if context is None else context.command_path
        _fail(f"{message}; see: {command} --help")
    return 2


@contextmanager
def _sigterm_as_interrupt() -> Iterator[None]:
    """Makes SIGTERM, by which schedulers and containers end a job, end a run as Ctrl-C does."""
    ours = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    if ours:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        if ours:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


if __name__ == "__main__":
    main()
