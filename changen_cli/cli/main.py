"""The command ``changen``: its verbs, and how results and errors become one line and an exit code."""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Annotated, Any, Protocol

import typer
from typer.core import TyperGroup

from changen_cli.errors import ChangenError, ExitCode
from changen_cli.version import __version__

VERBS = {
    "generate": "Simulate how places change, and write labelled image series.",
    "status": "See how far an output is, by worker where several fill it.",
    "finalize": "End an output that several workers have filled.",
    "example": "Copy the example scene that ships with changen to a folder.",
    "verify": "Check that an output is what was written, and repair it.",
    "recipe": "Write the recipe of an output: all but pixels, to pass on.",
    "replay": "Make an output again from its recipe and the sources, and compare.",
    "preview": "Look at an output: a page, a contact sheet or a time-lapse.",
    "export": "Write an output in the layout of another data set or tool.",
    "train": "Train a network on single-date scenes with footprints.",
    "pretrain": "Train a change detector on synthetic pairs, stored or made on the fly.",
    "finetune": "Train a change detector on real pairs.",
    "report": "Report on a training run: curves, sample sheets and figures on a page.",
    "evaluate": "Measure what a run made, and what detectors find.",
    "detect": "Detect change between two rasters of any size.",
    "reproduce": "Make a table of the paper again, its figures beside ours.",
    "events": "See the installed change events.",
    "conditions": "See the installed conditions: what differs between two dates besides the change.",
    "synthesizers": "See the installed synthesizers: what makes the images.",
    "weights": "See, verify and pack weights.",
    "data": "See which data sets of the paper are there, and whether they are whole.",
}
"""What there is, each a module of this package of the same name, and the summaries that ``changen --help`` shows."""

# click.exceptions, of the installed click or (by the version of Typer) of Typer's own copy of it
_exceptions: Any = import_module(typer.BadParameter.__module__)


_NO_MEMORY = "not enough memory; use a smaller --tile-size, --batch-size or fewer --workers, then run it again"
_NO_OUTPUT = (errno.ENOSPC, errno.EIO, errno.EFBIG, errno.EBADF, errno.EDQUOT)
"""What a stream that cannot be written says; files name themselves, and those of outputs are StoreErrors."""

_MEMORY_WORDS = (
    *("cannot allocate memory", "can't allocate memory", "unable to allocate", "out of memory", "bad_alloc"),
    *("failed to map segment", "can't start new thread", "memory exhausted", "unable to mmap"),
)


class _ParseError(Protocol):
    """A ``click.ClickException``, of whichever click."""

    def format_message(self) -> str: ...


def load_verb(name: str) -> Any:
    """Imports a verb.

    Args:
        name: One of :data:`VERBS`. Its module has ``command``, a function, and ``HELP``; or, for a verb that has verbs
            of its own, ``app``.

    Returns:
        The click command.
    """
    module = import_module(f"changen_cli.cli.{name}")
    app = typer.Typer(rich_markup_mode="markdown", pretty_exceptions_enable=False, callback=lambda: None)
    if hasattr(module, "app"):
        app.add_typer(module.app, name=name)
    else:
        app.command(name, help=module.HELP)(module.command)
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup), "an application with a callback is a group"
    return group.commands[name]


class Verbs(TyperGroup):
    """Verbs of which only the one that is called is imported: the list of them needs none."""

    _listing = False

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Finds a verb; while help lists them all, only its name and summary."""
        found = super().get_command(ctx, cmd_name)
        return found if found is None or self._listing else load_verb(cmd_name)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Writes the list of verbs."""
        self._listing = True
        try:
            super().format_help(ctx, formatter)
        finally:
            self._listing = False


app = typer.Typer(
    name="changen",
    cls=Verbs,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    help="""Simulate how a place changes: labelled multi-temporal image series from single-date imagery and footprints.

    **Start here:** `changen generate --input tiles/ --events create,remove --steps 3`
    """,
)
for _name, _summary in VERBS.items():
    app.command(_name, help=_summary)(lambda: None)


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

    It exits with one of :class:`~changen_cli.errors.ExitCode`: what a verb returns, or what its error says.

    Args:
        arguments: Words after ``changen``; those of the process if None.
    """
    with _ends_as_interrupt():
        sys.exit(_run(arguments))


def _run(arguments: list[str] | None) -> int:
    """Runs the command line and says what went wrong, in one line."""
    try:
        code = app(args=arguments, prog_name="changen", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()  # what cannot be written is said here, not by the interpreter when it ends
    except (typer.Abort, KeyboardInterrupt):
        code = ExitCode.INTERRUPTED
    except _exceptions.ClickException as error:
        return _say_parse_error(error)
    except ChangenError as error:
        return _fail(str(error), error.exit_code)
    except BrokenPipeError:
        # the reader of our output went away (| head); what is left to say has no reader
        _drop_output()
        return ExitCode.SOME_FAILED
    except MemoryError:
        return _fail(_NO_MEMORY)
    except Exception as error:  # whatever else escapes is a bug; users get a line and a way to report it, no traceback
        if os.environ.get("CHANGEN_DEBUG"):
            traceback.print_exc()
        if isinstance(error, OSError) and error.filename is None and error.errno in _NO_OUTPUT:
            _drop_output()
            return _fail(f"standard output cannot be written ({error.strerror})", ExitCode.SOME_FAILED)
        if _is_about_memory(error):
            return _fail(_NO_MEMORY)
        _say(
            f"changen: internal error: {type(error).__name__}: {error}; this is a bug: run again with CHANGEN_DEBUG=1 "
            "set and report what it prints"
        )
        return ExitCode.SOME_FAILED
    if code == ExitCode.INTERRUPTED:  # some versions of Typer make this code of a KeyboardInterrupt themselves
        _say("changen: interrupted; run it again: generate, detect and trainings go on where they stopped")
    return code if isinstance(code, int) else ExitCode.DONE


def _fail(message: str, code: ExitCode = ExitCode.UNUSABLE) -> int:
    line = message.encode("utf-8", "backslashreplace").decode("utf-8")  # names of files may be no UTF-8
    _say(f"changen: error: {' '.join(line.splitlines())}")
    return code


def _say(line: str) -> None:
    """Prints a line on standard error; where that cannot be written, as on a terminal that is gone, nobody hears it."""
    with suppress(OSError):
        typer.echo(line, err=True)


def _drop_output() -> None:
    """Sends what waits on standard output nowhere, so that the interpreter does not stumble over it when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _is_about_memory(error: BaseException | None) -> bool:
    """Tells whether an error, or what caused it, is for want of memory; libraries have many words for it."""
    while error is not None:
        text = str(error).lower()
        if isinstance(error, MemoryError) or any(words in text for words in _MEMORY_WORDS):
            return True
        error = error.__cause__ or error.__context__
    return False


def _say_parse_error(error: _ParseError) -> int:
    """Says what was wrong with the words of a command; there is nothing to say where the help was shown instead."""
    message = " ".join(error.format_message().split()).rstrip(".")
    if type(error).__name__ == "NoArgsIsHelpError":
        if message:
            typer.echo(error.format_message(), err=True)
    else:
        context = getattr(error, "ctx", None)
        command = "changen" if context is None else context.command_path
        _fail(f"{message}; see: {command} --help")
    return ExitCode.UNUSABLE


@contextmanager
def _ends_as_interrupt() -> Iterator[None]:
    """Makes the signals that end a job end a run as Ctrl-C does.

    Schedulers and containers send SIGTERM, a terminal that is closed SIGHUP; ``nohup`` has that ignored: it stays so.
    """
    numbers = [number for name in ("SIGTERM", "SIGHUP") if (number := getattr(signal, name, None)) is not None]
    is_main = threading.current_thread() is threading.main_thread()
    ours = [number for number in numbers if is_main and signal.getsignal(number) == signal.SIG_DFL]
    for number in ours:
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


if __name__ == "__main__":
    main()
