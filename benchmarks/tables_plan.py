"""The plan of ``benchmarks/tables.py``: which pairs are trained on and tested, what starts from what, and how."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from commands import ROOT, PlanFile
from transfer_plan import Plan as TransferPlan
from transfer_plan import Trial as TransferTrial

from changen_cli import rng
from changen_cli.pairs.layouts import find_pairs

CHANGEN, IMAGENET = "changen", "imagenet"
"""What the plan's ``init`` may be besides "none"."""

TRAIN, TEST = "train", "test"
"""Splits of the data sets that are listed."""


@dataclass(frozen=True)
class Trial:
    """A detector that is fine-tuned and tested.

    Attributes:
        detector: Name in the plan.
        start: Name in the plan.
        size: Real pairs that it is fine-tuned on; 0: none, it is tested as it was pre-trained.
        seed: Of its training, of its pre-training, and of which pairs are drawn.
        rate: The learning rate that is tried, for the choice of one; None for the chosen one.
    """

    detector: str
    start: str
    size: int
    seed: int
    rate: float | None = None

    @property
    def name(self) -> str:
        """Of its files."""
        tried = "" if self.rate is None else f"-rate-{self.rate:g}"
        return f"{self.detector}-{self.start}-{self.size}-{self.seed}{tried}"

    @property
    def pairs(self) -> str:
        """Name of the pairs that it is trained on."""
        return f"{self.size}-{self.seed}" + ("" if self.rate is None else "-rates")


class Plan(PlanFile):
    """tables.yaml, and the folder that the results go to.

    Attributes:
        transfer: The plan whose series detectors are pre-trained on.
    """

    def __init__(self, path: Path, runs: Path, transfer: TransferPlan) -> None:
        """Reads the plan; arguments as for :class:`~commands.PlanFile`, and the plan of the series."""
        super().__init__(path, runs)
        self.transfer = transfer

    @property
    def detectors(self) -> dict[str, dict[str, Any]]:
        """Detectors by name, in order."""
        return dict(self.values["detectors"])

    @property
    def tests(self) -> dict[str, dict[str, Any]]:
        """Tests by name, in order."""
        return dict(self.values["tests"])

    def trials(self, only: list[str] | None = None) -> Iterator[Trial]:
        """Yields every detector but those that choose a rate: one after the other, whole tables of one seed first.

        Args:
            only: Names of detectors; None for all.
        """
        for detector, about in self.detectors.items():
            if only is not None and detector not in only:
                continue
            for seed in about["seeds"]:
                for size in (0, *self.values["sizes"]):
                    for start in about["starts"]:
                        if size or self.starts_from(start) == CHANGEN:
                            yield Trial(detector, start, size, seed)

    def rate_trials(self, detector: str) -> list[Trial]:
        """Lists the trials that choose the learning rates of a detector, one for each of its starts."""
        rates, about = self.values["rates"], self.detectors[detector]
        return [
            Trial(detector, start, rates["size"], rates["seed"], rate)
            for start in about["starts"]
            for rate in about["rates"]
        ]

    def starts_from(self, start: str) -> str:
        """Returns what a start is: "none", :data:`IMAGENET` or :data:`CHANGEN`."""
        return str(self.values["starts"][start]["init"])

    @cached_property
    def places(self) -> dict[int, list[str]]:
        """Names of the real pairs by the number of their place, in order.

        Raises:
            SystemExit: If there are none, or a name says no place.
        """
        about = self.values["pairs"]
        found = find_pairs(ROOT / about["path"]) or {}
        names = sorted(pair.id for pairs in found.values() for pair in pairs)
        if not names:
            raise SystemExit(f"tables.py: no pairs are at {ROOT / about['path']}")
        places: dict[int, list[str]] = {}
        for name in names:
            match = re.search(about["place"], name)
            if match is None:
                raise SystemExit(f"tables.py: {name} says no place; pattern {about['place']}")
            places.setdefault(int(match[1]), []).append(name)
        return dict(sorted(places.items()))

    def split(self) -> tuple[list[int], list[int], list[int]]:
        """Splits the places.

        Returns:
            Those that are trained on, those that choose the rates (trained on, too, but not while rates are tried), and
            those that are tested.
        """
        every, places = self.values["pairs"]["every"], list(self.places)
        tested = places[every - 1 :: every]
        rest = [place for place in places if place not in tested]
        return rest, rest[every - 1 :: every], tested

    def chosen_pairs(self, trial: Trial) -> tuple[list[str], list[str]]:
        """Returns the names of the pairs that a detector is fine-tuned on, and of those that it is tested on.

        Those of one seed are drawn in one order, so that the fewer are among the more, and all starts get the same.

        Raises:
            SystemExit: If there are not so many pairs.
        """
        trained, chooses, tested = self.split()
        if trial.rate is not None:
            trained, tested = [place for place in trained if place not in chooses], chooses
        there = [name for place in trained for name in self.places[place]]
        if trial.size > len(there):
            raise SystemExit(f"tables.py: {trial.size} pairs are asked for, and only {len(there)} are at {trained}")
        order = rng.generator(trial.seed, "tables", "pairs").permutation(len(there))
        names = sorted(there[number] for number in order[: trial.size])
        return names, [name for place in tested for name in self.places[place]]

    def data(self, trial: Trial) -> str:
        """Returns the folder of the pairs of a trial, which has a list for each split."""
        return f"{self.shown_runs}/data/{trial.pairs}"

    def pretrain_trial(self, seed: int) -> TransferTrial:
        """Returns whose series, and whose recipe, pre-training takes."""
        return TransferTrial(self.values["pretrain"]["row"], (), seed)

    def pretrain_recipe(self, detector: str, seed: int) -> dict[str, Any]:
        """Returns the recipe that pre-trains a detector."""
        recipe = self.transfer.recipe(self.pretrain_trial(seed)) | self.detectors[detector]["pretrain"]
        return self._with_backbone(detector, recipe)

    def pretrained(self, detector: str, seed: int) -> str:
        """Returns the weights of a pre-trained detector."""
        return f"{self.shown_runs}/weights/{detector}-{seed}.safetensors"

    def recipe(self, trial: Trial, rate: float) -> dict[str, Any]:
        """Returns the recipe that fine-tunes a detector.

        Args:
            trial: The detector.
            rate: The learning rate.
        """
        about, init = self.detectors[trial.detector], self.starts_from(trial.start)
        recipe = {**self.values["finetune"], **about["finetune"], **about["starts"][trial.start], "lr": rate}
        recipe["init"] = self.pretrained(trial.detector, trial.seed) if init == CHANGEN else init
        recipe["data"] = [{"path": self.data(trial), "kind": "pairs", "split": TRAIN}]
        return self._with_backbone(trial.detector, {**recipe, "seed": trial.seed})

    @property
    def lite0(self) -> str:
        """The ImageNet weights of EfficientNet-Lite0, for detectors that are told where they lie."""
        return f"{self.shown_runs}/lite0.safetensors"

    def _with_backbone(self, detector: str, recipe: dict[str, Any]) -> dict[str, Any]:
        if detector in self.values["lite0"] and recipe.get("init") == IMAGENET:
            return {**recipe, "imagenet_weights": self.lite0}
        return recipe
