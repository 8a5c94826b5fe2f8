"""Steps of a reproduction: commands of changen whose results are kept by all that they depend on.

What a step makes lies in a folder or file whose name ends with a digest of its command, its recipe, the data it reads
and the steps before it. So nothing that was made otherwise is ever taken for it, and nothing has to be deleted: a step
is done when its record is there, and else its command goes on where it was stopped.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from changen_cli.errors import ChangenError, ExitCode
from changen_cli.files import write_whole
from changen_cli.reporter import Progress, Reporter

OWN, RECIPE = "{target}", "{recipe}"
"""What stands in the words of a step for what it makes, and for the file of its recipe."""

Run = Callable[[Sequence[str], Path], int]
"""Runs ``changen`` with some words, what it says added to a file; gives its exit code."""


@dataclass(frozen=True)
class Step:
    """A command, and what it makes.

    Attributes:
        kind: Folder of what it makes: "runs", "series", "weights", "figures".
        name: What it is, readable; unique but for the digest.
        words: After ``changen``, with :data:`OWN` and :data:`RECIPE`.
        recipe: Values of its recipe; none for a command without.
        after: Steps whose results it reads, by a name that stands in words and recipe as ``{name}``.
        inputs: What else it depends on: fingerprints of data sets and of files of weights.
        places: Where these are, by a name that stands in words and recipe as ``{name}``; where they are makes no
            difference to the digest.
        lacking: What has to be there first and is not, in words; a step that lacks something is not run.
        proof: File in the folder that it makes without which that is not whole, whatever the command ended with.
        suffix: Of what it makes, ``.json`` or ``.safetensors``; empty for a folder.
        codes: Exit codes that are no failure.
        cost: What :func:`~changen_cli.reproduce.budget.gpu_hours` needs to know.
        local: Words that change nothing of what comes out: devices.
    """

    kind: str
    name: str
    words: tuple[str, ...]
    recipe: Mapping[str, Any] | None = None
    after: Mapping[str, Step] = field(default_factory=dict)
    inputs: Mapping[str, Any] = field(default_factory=dict)
    places: Mapping[str, Path] = field(default_factory=dict)
    lacking: tuple[str, ...] = ()
    proof: str = ""
    suffix: str = ""
    codes: tuple[int, ...] = (0,)
    cost: Mapping[str, Any] = field(default_factory=dict)
    local: tuple[str, ...] = ()

    @cached_property
    def digest(self) -> str:
        """Eight hexadecimal digits of all that the result depends on."""
        key = {
            "words": self.words,
            "recipe": self.recipe,
            "after": {name: step.digest for name, step in self.after.items()},
            "inputs": self.inputs,
        }
        return hashlib.sha256(json.dumps(key, sort_keys=True, default=str).encode()).hexdigest()[:8]

    @property
    def full_name(self) -> str:
        """The name with the digest."""
        return f"{self.name}-{self.digest}"

    def target(self, root: Path) -> Path:
        """Returns what it makes.

        Args:
            root: The folder of all results.
        """
        return root / self.kind / f"{self.full_name}{self.suffix}"

    def record(self, root: Path) -> Path:
        """Returns the file that says that it is done."""
        return root / "steps" / f"{self.full_name}.json"

    def done(self, root: Path) -> bool:
        """Whether it is done."""
        return self.record(root).is_file() and self.made(root)

    def made(self, root: Path) -> bool:
        """Whether what it makes is there, and whole as far as :attr:`proof` tells."""
        return (self.target(root) / self.proof).exists()

    def command(self, root: Path) -> list[str]:
        """Returns what to type after ``changen``."""
        return [*(self._filled(word, root) for word in self.words), *self.local]

    def all_lacking(self) -> tuple[str, ...]:
        """Lists what this step and those before it lack, each once."""
        before = [line for step in self.after.values() for line in step.all_lacking()]
        return tuple(dict.fromkeys([*before, *self.lacking]))

    def recipe_file(self, root: Path) -> Path:
        """Returns the file of its recipe."""
        return root / "recipes" / f"{self.full_name}.yaml"

    def _filled(self, value: Any, root: Path) -> Any:
        if isinstance(value, Mapping):
            return {key: self._filled(inner, root) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self._filled(inner, root) for inner in value]
        if not isinstance(value, str):
            return value
        places: dict[str, Path | str] = {OWN: self.target(root), RECIPE: self.recipe_file(root)}
        places |= {f"{{{name}}}": path for name, path in self.places.items()}
        places |= {f"{{{name}}}": step.target(root) for name, step in self.after.items()}
        # of what a command is told to make: the folder, and the name in it
        places |= {"{folder}": self.target(root).parent, "{name}": self.target(root).stem}
        for place, path in places.items():
            value = value.replace(place, str(path))
        return value

    def take(self, root: Path, run: Run) -> None:
        """Does it.

        Args:
            root: The folder of all results.
            run: Runs commands.

        Raises:
            StepError: If its command fails, or does not make what it is to make.
            KeyboardInterrupt: If it was interrupted.
            StoreError: If its recipe or its record cannot be written.
        """
        if self.recipe is not None:
            text = yaml.safe_dump(self._filled(self.recipe, root), sort_keys=False)
            write_whole(self.recipe_file(root), text)
        command, log = self.command(root), root / "logs" / f"{self.full_name}.log"
        begun = time.monotonic()
        code = run(command, log)
        if code == ExitCode.INTERRUPTED:
            raise KeyboardInterrupt
        if code not in self.codes or not self.made(root):
            raise StepError(self, code, log)
        about = {"command": command, "seconds": round(time.monotonic() - begun, 1), "inputs": dict(self.inputs)}
        write_whole(self.record(root), json.dumps(about, indent=1, default=str) + "\n")


class StepError(ChangenError):
    """A command of a reproduction that failed."""

    def __init__(self, step: Step, code: int, log: Path) -> None:
        """Says which, and where its log is.

        Args:
            step: The step.
            code: What the command ended with.
            log: What it said.
        """
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.is_file() else []
        said = next((line for line in reversed(lines) if line.strip()), "nothing was said")
        super().__init__(f"{step.name}: ended with {code}: {said}; its log: {log}")


def in_order(steps: Iterable[Step]) -> list[Step]:
    """Lists steps and all that stand before them, each once, none before what it reads."""
    found: dict[str, Step] = {}

    def visit(step: Step) -> None:
        for other in step.after.values():
            visit(other)
        found.setdefault(step.full_name, step)

    for step in steps:
        visit(step)
    return list(found.values())


def take_all(steps: Iterable[Step], root: Path, run: Run, reporter: Reporter) -> dict[str, str]:
    """Does every step that is not done and lacks nothing; one that fails stops only those that read what it makes.

    Args:
        steps: The last ones; those before them are found.
        root: The folder of all results.
        run: Runs commands.
        reporter: Told of every step.

    Returns:
        What went wrong, by full name of the step.
    """
    wanted = [step for step in in_order(steps) if not step.all_lacking()]
    failed: dict[str, str] = {}
    for number, step in enumerate(wanted, 1):
        broken = [other for other in step.after.values() if other.full_name in failed]
        if broken:
            failed[step.full_name] = failed[broken[0].full_name]
        elif not step.done(root):
            reporter.say(f"{number} of {len(wanted)}: changen {' '.join(step.command(root))}")
            try:
                step.take(root, run)
            except StepError as error:
                failed[step.full_name] = str(error)
                reporter.warn(f"failed: {error}")
        reporter.progress(Progress("reproduce", number, len(wanted), "steps", step.name))
    return failed
