"""The plan of ``benchmarks/quality.py``: what is trained, what is made with it, and the commands for both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from commands import ROOT, PlanFile

from changen_cli.training.config.options import TrainConfig, parse_config
from changen_cli.training.config.recipes import read_recipe
from changen_cli.training.run.checkpoint import LAST
from changen_cli.weights.card import find_weights


@dataclass(frozen=True)
class Row:
    """A row of the tables: a synthesizer with its weights.

    Attributes:
        name: Key in the plan.
        title: As the tables have it.
        synthesizer: Name of the plugin.
        run: Name of the training run that its weights come from, or None.
        weights: Name of weights that come with changen, or None.
        iterations: What those were trained for, since no run here tells; None where one does.
        minutes: What is known of the time that took, in words.
    """

    name: str
    title: str
    synthesizer: str
    run: str | None = None
    weights: str | None = None
    iterations: int | None = None
    minutes: str | None = None


@dataclass(frozen=True)
class EventSet:
    """Rows that are compared: they see the same tiles, events and layouts.

    Attributes:
        name: Key in the plan.
        title: As the page has it.
        events: For ``--events``.
        rows: Names of the rows.
    """

    name: str
    title: str
    events: str
    rows: tuple[str, ...]


@dataclass(frozen=True)
class Trial:
    """One series that is made and measured: a row of a set, with one seed."""

    set: EventSet
    row: Row
    seed: int

    @property
    def name(self) -> str:
        """Path of its files below ``series/`` and ``figures/``."""
        return f"{self.set.name}/{self.row.name}-{self.seed}"


class Plan(PlanFile):
    """quality.yaml, and the folder that the results go to.

    Attributes:
        rows: By name, in order.
        sets: By name, in order.
    """

    def __init__(self, path: Path, runs: Path) -> None:
        """Reads the plan; arguments as for :class:`~commands.PlanFile`."""
        super().__init__(path, runs)
        self.rows = {name: Row(name, **row) for name, row in self.values["rows"].items()}
        self.sets = {
            name: EventSet(name, s["title"], s["events"], tuple(s["rows"])) for name, s in self.values["sets"].items()
        }

    @property
    def models(self) -> list[str]:
        """Names of the training runs."""
        return list(self.values["models"])

    def recipe(self, model: str) -> dict[str, Any]:
        """Returns the recipe of a run: the shipped one, what all have in common over it, and what differs over that."""
        differs = dict(self.values["models"][model])
        return {**read_recipe(differs.pop("preset")), **self.values["common"], **differs}

    def config(self, model: str) -> TrainConfig:
        """Returns the recipe of a run, validated."""
        return parse_config(self.recipe(model), f"quality.yaml: {model}")

    def train_command(self, model: str) -> list[str]:
        """Returns the words after ``changen`` that train a model."""
        runs = self.shown_runs
        return ["train", "--config", f"{runs}/{model}.yaml", "--output", f"{runs}/{model}"]

    def pack_command(self, model: str) -> list[str]:
        """Returns the words after ``changen`` that pack a model's weights."""
        runs = self.shown_runs
        command = f"changen {' '.join(self.train_command(model))}"
        # the last one by its own name: the best of the validations would be another budget for each
        checkpoint = f"{runs}/{model}/{LAST}"
        words = ["weights", "pack", checkpoint, "--name", model, "--output", f"{runs}/weights"]
        words += ["--command", command, "--summary", "for benchmarks/quality.py; a short run, not for use"]
        for option, text in self.values["card"].items():
            words += [f"--{option}", text]
        return words

    def weights(self, row: Row) -> str | None:
        """Returns the weights of a row as ``--weights`` takes them; None for a synthesizer without any."""
        return row.weights if row.run is None else f"{self.shown_runs}/weights/{row.run}.safetensors"

    def has_weights(self, row: Row) -> bool:
        """Whether a row can be made: its weights are there, or it needs none."""
        return row.run is None or (self.runs / "weights" / f"{row.run}.yaml").is_file()

    def sha256(self, row: Row) -> str | None:
        """Returns the SHA-256 of a row's weights, as their card has it; None for a synthesizer without any."""
        weights = self.weights(row)
        return None if weights is None else find_weights(str(ROOT / weights) if row.run else weights)[1].sha256

    def trials(self, only: list[str] | None = None) -> Iterator[Trial]:
        """Yields every series there is to make.

        Args:
            only: Names of rows; None for all.
        """
        for events in self.sets.values():
            for name in events.rows:
                if only is None or name in only:
                    yield from (Trial(events, self.rows[name], seed) for seed in self.values["seeds"])

    def series(self, trial: Trial) -> Path:
        """Returns the folder of a trial's series."""
        return self.runs / "series" / trial.name

    def generate_command(self, trial: Trial) -> list[str]:
        """Returns the words after ``changen`` that make a series."""
        words = ["generate"]
        for scene in self.values["scenes"]:
            words += ["--input", scene]
        for option, value in self.values["generate"].items():
            words += [f"--{option}", str(value)]
        words += ["--events", trial.set.events, "--seed", str(trial.seed), "--synthesizer", trial.row.synthesizer]
        if (weights := self.weights(trial.row)) is not None:
            words += ["--weights", weights]
        return [*words, "--workers", "0", "--overwrite", "--output", f"{self.shown_runs}/series/{trial.name}"]

    def evaluate_command(self, trial: Trial) -> list[str]:
        """Returns the words after ``changen`` that measure a series."""
        words = ["evaluate", "quality", f"{self.shown_runs}/series/{trial.name}"]
        for scene in self.values["scenes"]:
            words += ["--reference", scene]
        device = self.values["generate"].get("device", "auto")
        return [*words, "--segmenter", self.values["segmenter"], "--device", device, "--json", "-"]
