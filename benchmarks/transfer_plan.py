"""The plan of ``benchmarks/transfer.py``: which series are made, what is trained on them, and the commands for both."""

from __future__ import annotations

import fnmatch
import glob
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from commands import ROOT, PlanFile

from changen_cli.training.config.detection import DetectionConfig
from changen_cli.training.config.run import parse
from changen_cli.weights.card import find_weights


@dataclass(frozen=True)
class Trial:
    """A detector: a row of the table, what it leaves out of the recipe, and its seed.

    Attributes:
        row: Name in the plan.
        without: Names of what is left out, as the plan's ``without`` has them.
        seed: Of the training.
    """

    row: str
    without: tuple[str, ...]
    seed: int

    @property
    def variant(self) -> str:
        """The row and what it leaves out, in one word."""
        return "-no-".join([self.row, *self.without])

    @property
    def name(self) -> str:
        """Of its files."""
        return f"{self.variant}-{self.seed}"


class Plan(PlanFile):
    """transfer.yaml, and the folder that the results go to."""

    @property
    def rows(self) -> dict[str, dict[str, Any]]:
        """Rows by name, in order."""
        return dict(self.values["rows"])

    @property
    def tests(self) -> dict[str, dict[str, Any]]:
        """Tests by name, in order."""
        return dict(self.values["tests"])

    def trials(self, only: list[str] | None = None, seeds: list[int] | None = None) -> Iterator[Trial]:
        """Yields every detector, all rows with one seed before any with the next.

        Args:
            only: Patterns of :attr:`Trial.variant`, as in ``looks-*``; None for all.
            seeds: Which of the plan's; None for all.
        """
        for seed in self.values["seeds"] if seeds is None else seeds:
            for row, about in self.rows.items():
                for trial in (Trial(row, tuple(without), seed) for without in about["variants"]):
                    if only is None or any(fnmatch.fnmatch(trial.variant, pattern) for pattern in only):
                        yield trial

    def scenes(self, source: str) -> list[str]:
        """Lists the scenes of a source, from the root of the repository.

        Raises:
            SystemExit: If there are none.
        """
        about = self.values["sources"][source]
        there = sorted(str(path) for pattern in about["scenes"] for path in glob.glob(pattern, root_dir=ROOT))
        found = [path for path in there if not any(fnmatch.fnmatch(path, out) for out in about["without"])]
        if not found:
            raise SystemExit(f"transfer.py: no scene is at {', '.join(about['scenes'])}; the paths start at {ROOT}")
        return found

    def weights(self, series: str) -> str | None:
        """Returns the weights of a series as ``--weights`` takes them; None for a synthesizer without any."""
        return self._options(series).get("weights")

    def has_weights(self, series: str) -> bool:
        """Whether a series can be made: its weights are there, or it needs none."""
        weights = self.weights(series)
        return weights is None or not weights.endswith(".safetensors") or (ROOT / weights).is_file()

    def sha256(self, series: str) -> str | None:
        """Returns the SHA-256 of the weights of a series, as their card has it; None for a synthesizer without any."""
        weights = self.weights(series)
        if weights is None:
            return None
        return find_weights(str(ROOT / weights) if weights.endswith(".safetensors") else weights)[1].sha256

    def _options(self, series: str) -> dict[str, Any]:
        return {"events": self.values["events"], **self.values["series"][series]}

    def folder(self, series: str, source: str) -> str:
        """Returns the folder of a series of one source."""
        return f"{self.shown_runs}/series/{series}-{source}"

    def list_file(self, source: str) -> Path:
        """Returns the file that lists the scenes of a source."""
        return self.runs / f"{source}.txt"

    def generate_command(self, series: str, source: str) -> list[str]:
        """Returns the words after ``changen`` that make a series of one source; its splits are training alone."""
        options = {**self.values["generate"], **self.values["sources"][source]["generate"], **self._options(series)}
        words = ["generate", "--input", f"{self.shown_runs}/{source}.txt", *_words(options)]
        return [*words, "--split", "1,0,0", "--workers", "0", "--overwrite", "--output", self.folder(series, source)]

    def test_command(self, test: str) -> list[str]:
        """Returns the words after ``changen`` that make a test that is a series."""
        held = self.values["held_out"]
        options = {**self.values["generate"], **held["generate"], **self.tests[test]["series"]}
        words = ["generate", *(word for scene in held["scenes"] for word in ("--input", scene)), *_words(options)]
        return [*words, "--workers", "0", "--overwrite", "--output", self.test_data(test)]

    def test_data(self, test: str) -> str:
        """Returns the pairs of a test."""
        return str(self.tests[test].get("data", f"{self.shown_runs}/tests/{test}"))

    def is_own(self, test: str, row: str) -> bool:
        """Whether a test was made by a synthesizer that made what the row is trained on."""
        made = self.tests[test].get("series", {}).get("synthesizer")
        return made in {self.values["series"][series]["synthesizer"] for series in self.rows[row]["series"]}

    def recipe(self, trial: Trial) -> dict[str, Any]:
        """Returns the recipe of a detector: that of all, over it what the row differs in and what it leaves out."""
        about, sources = self.rows[trial.row], self.values["sources"]
        recipe = {**self.values["recipe"], **about.get("recipe", {})}
        for name in trial.without:
            recipe |= self.values["without"][name]
        several = len(about["series"])
        data = [
            {"path": self.folder(series, source), "kind": "pairs", "share": round(options["share"] / several, 4)}
            for series in about["series"]
            for source, options in sources.items()
        ]
        return {**recipe, "data": data, "seed": trial.seed}

    def config(self, trial: Trial) -> DetectionConfig:
        """Returns the recipe of a detector, validated."""
        found = parse(DetectionConfig, self.recipe(trial), f"transfer.yaml: {trial.variant}")
        assert isinstance(found, DetectionConfig)
        return found

    def train_command(self, trial: Trial) -> list[str]:
        """Returns the words after ``changen`` that train a detector."""
        where = f"{self.shown_runs}/detectors/{trial.name}"
        return ["pretrain", "--config", f"{where}.yaml", "--output", where]

    def pack_command(self, trial: Trial) -> list[str]:
        """Returns the words after ``changen`` that pack a detector's weights."""
        runs = self.shown_runs
        words = ["weights", "pack", f"{runs}/detectors/{trial.name}/last.ckpt", "--name", trial.name]
        words += ["--output", f"{runs}/weights", "--command", f"changen {' '.join(self.train_command(trial))}"]
        card = {"summary": "for benchmarks/transfer.py; a short run, not for use", **self.values["card"]}
        return words + [word for option, text in card.items() for word in (f"--{option}", text)]

    def evaluate_command(self, trial: Trial, test: str) -> list[str]:
        """Returns the words after ``changen`` that measure a detector."""
        weights = f"{self.shown_runs}/weights/{trial.name}.safetensors"
        words = ["evaluate", "detection", "--data", self.test_data(test), "--weights", weights]
        return [*words, "--device", "cpu", "--json", "-", "--quiet"]


def _words(options: Mapping[str, Any]) -> list[str]:
    return [word for option, value in options.items() for word in (f"--{option}", str(value))]
