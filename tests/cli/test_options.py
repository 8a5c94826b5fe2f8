"""Parameters of a verb are those of its options: names, defaults, help, and only what was given is passed on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import typer
from typer.testing import CliRunner

from changen_cli.cli.options import takes
from changen_cli.errors import UsageError
from changen_cli.options import Ge, Number, PathText, Whole, option, options, split


@options("--")
class Speed:
    """A group within the others."""

    threads: Annotated[Whole, Ge(0)] = option(default=0, help="Threads.", group="Run")


@options("--")
class Trip:
    """Options of a verb that a test makes up."""

    inputs: tuple[PathText, ...] = option(help="Where from.", flags=("-i",), name="input")
    steps: Annotated[Whole, Ge(1)] = option(default=2, help="Steps.", group="Events")
    bands: Annotated[tuple[Whole, Whole, Whole], split(",")] | None = option(default=None, help="Bands.")
    batch_size: Literal["auto"] | Annotated[Whole, Ge(1)] = option(default="auto", help="auto or a number.")
    edges: Literal["shift", "pad"] = option(default="shift", help="Last tiles.")
    cog: bool = option(default=False, help="Cloud optimised.")
    tidy: bool = option(default=True, help="Clean up.")
    gap: Number = option(default=1.5, help="Gap.")
    style: str = option(default="a", help="Style.", choices=lambda: ("b", "a"))
    speed: Speed = option(default=Speed(), help="How fast.")


def run(words: list[str], *, build: bool = True) -> Any:
    seen: list[Any] = []
    app = typer.Typer()
    if build:

        @app.command()
        @takes(Trip)
        def command(trip: Trip, quiet: Annotated[bool, typer.Option("--quiet")] = False) -> None:
            seen.append((trip, quiet))

    else:

        @app.command()
        @takes(Trip, build=False)
        def other(given: Mapping[str, Any]) -> None:
            seen.append(given)

    result = CliRunner().invoke(app, words, catch_exceptions=False, standalone_mode=False)
    assert seen, result.output
    return seen[0]


def test_defaults_are_those_of_the_options() -> None:
    assert run(["-i", "a"]) == (Trip(inputs=("a",)), False)


def test_text_becomes_values() -> None:
    words = ["--input", "a", "--input", "b", "--bands", "3,2,1", "--batch-size", "4", "--cog", "--no-tidy", "--quiet"]
    trip, quiet = run([*words, "--threads", "3", "--edges", "pad"])
    assert trip == Trip(
        inputs=("a", "b"), bands=(3, 2, 1), batch_size=4, cog=True, tidy=False, edges="pad", speed=Speed(threads=3)
    )
    assert quiet


def test_what_cannot_be_used_is_said_in_the_words_of_the_command_line() -> None:
    with pytest.raises(UsageError, match=r"--batch-size x: must be auto or a whole number of at least 1"):
        run(["-i", "a", "--batch-size", "x"])
    with pytest.raises(UsageError, match=r"--steps 0: must be a whole number of at least 1"):
        run(["-i", "a", "--steps", "0"])


def test_only_what_was_given_is_passed_on() -> None:
    assert run([], build=False) == {}
    assert run(["--threads", "2", "--steps", "5"], build=False) == {"steps": 5, "speed": {"threads": 2}}


def test_a_file_gives_options_too(tmp_path: Path) -> None:
    file = tmp_path / "trip.yaml"
    file.write_text("input: [a]\nsteps: 7\ncog: true\n")
    trip, _ = run(["--config", str(file), "--steps", "8"])
    assert trip == Trip(inputs=("a",), steps=8, cog=True)


def test_help_shows_groups_defaults_and_choices() -> None:
    app = typer.Typer()

    @app.command()
    @takes(Trip)
    def command(trip: Trip) -> None:
        """Nothing."""

    shown = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "160"}).output
    for words in (
        "Events",
        "Run",
        "[default: 2]",
        "[default: shift]",
        "Installed: a, b.",
        "--input",
        "-i",
        "--no-tidy",
    ):
        assert words in shown
    assert "--no-cog" not in shown


def test_two_options_of_one_name_are_refused() -> None:
    @options()
    class Twice:
        threads: Whole = option(default=1, help="Again.")
        speed: Speed = option(default=Speed(), help="How fast.")

    with pytest.raises(TypeError, match="threads"):

        @takes(Twice)
        def command(twice: Twice) -> None: ...
