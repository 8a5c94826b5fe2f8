"""From a row of a table to the steps that make its figures: generators, series, pre-training, fine-tuning, scores."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from changen_cli.datasets.published import XVIEW2
from changen_cli.reproduce.having import INCEPTION, SECO, Having
from changen_cli.reproduce.plan import (
    DetectorEntry,
    ProtocolEntry,
    RowEntry,
    detectors,
    protocols,
    starts,
    tiny,
)
from changen_cli.reproduce.steps import OWN, RECIPE, Step
from changen_cli.training.config.recipes import override, read_recipe

PAIRS = 90_000
"""Pairs of Changen-90k, section 4.1; what xView2 gives at 256 px decides how many there really are."""

EPOCHS = 20
"""Epochs of pre-training, section 4.1; counted in updates, so that every start gets as many."""

TEST_TILES = 128
"""Tiles of LEVIR-CD's test split: the curves of figure 6 are of a crop of each."""

FILES = {"seco": SECO}
"""Files that starts name."""


@dataclass
class Builder:
    """Makes steps; what two rows share is the same step.

    Attributes:
        having: Data sets and files of weights.
        variants: Series per tile, n.
        seed: Of all trainings and series.
        small: Whether everything is tiny.
        device: As of the command line.
        devices: Of trainings.
    """

    having: Having
    variants: int = 1
    seed: int = 0
    small: bool = False
    device: str = "auto"
    devices: int = 0
    _made: dict[tuple[str, ...], Step] = field(default_factory=dict)

    def row(self, row: RowEntry, protocol: str) -> Step:
        """Gives the step whose result has the figures of a row by a protocol.

        Args:
            row: Of a table; one that changen can make.
            protocol: Name of a protocol.
        """
        how = protocols()[protocol]
        if how.kind == "quality":
            return self._quality(row.start)
        if how.kind == "zero-shot":
            return self._evaluate(f"{row.start}-{row.detector}-{protocol}", self.pretrained(row), how)
        tuned = self.fine_tuned(row, protocol)
        return self._evaluate(f"{row.start}-{row.detector}-{protocol}", tuned, how)

    def fine_tuned(self, row: RowEntry, protocol: str) -> Step:
        """Gives the fine-tuning of a row: a run, whose log has the curve of figure 6."""
        detector, start, how = detectors()[row.detector], starts()[row.start], protocols()[protocol]
        folder, inputs, lacking = self.having.data(how.data)
        values: dict[str, Any] = {
            "data": [{"path": "{data}", "kind": "pairs", "split": "train"}],
            "fraction": how.fraction,
            "validate_every": 0,
        }
        recipe: Mapping[str, Any] = read_recipe(detector.finetune)
        if how.iterations:
            values["iterations"] = how.iterations
        if how.curve and detector.pretrain:  # one of those that figure 6 draws
            updates = int(recipe["iterations"])
            values["validate_every"] = max(1, math.ceil(updates * how.curve / 200))
            values["val_data"] = [{"path": "{data}", "kind": "pairs", "split": "test"}]
            values["validation_crops"] = TEST_TILES
        places: dict[str, Path] = {"data": folder}
        after: dict[str, Step] = {}
        if start.init == "none":
            values["init"] = "none"
        elif start.init or start.file:
            name = FILES[start.file] if start.file else self._backbone(detector)
            place, digest, lacks = self.having.weights(name)
            if not name:
                lacks = (f"{detector.title}: nobody publishes ImageNet weights for it",)
            values |= {"init": "imagenet", "imagenet_weights": "{backbone}"}
            places["backbone"], lacking, inputs = place, (*lacking, *lacks), {**inputs, **digest}
        else:
            values["init"] = "{pretrained}/last.ckpt"
            after["pretrained"] = self._pretraining(row.detector, row.start)
        made = self._recipe(recipe, values, detector)
        if start.task and not start.init:
            made["detector"] = {**(made.get("detector") or {}), "layouts": True}  # the head it was pre-trained with
        return self._train(
            f"finetune-{row.start}-{row.detector}-{protocol}", "finetune", made, after, inputs, places, lacking
        )

    def pretrained(self, row: RowEntry) -> Step:
        """Gives the pre-training of a row."""
        return self._pretraining(row.detector, row.start)

    def _pretraining(self, name: str, start: str) -> Step:
        detector, about = detectors()[name], starts()[start]
        values: dict[str, Any] = {"init": "none", "validate_every": 0}
        recipe: Mapping[str, Any] = read_recipe(detector.pretrain)
        batch = int(recipe["batch_size"])
        values["iterations"] = math.ceil(EPOCHS * PAIRS / batch) * (self.variants if about.series else 1)
        if about.task:
            # as many images as the pairs of the others have pairs: a lot of two dates is of two places
            folder, inputs, lacking = self.having.data(XVIEW2)
            values |= {"task": about.task, "data": [{"path": "{data}", "kind": "scenes"}], "batch_size": batch // 2}
            values |= {"layouts": 1.0, "change": 0.0}
            made = self._recipe(recipe, values, detector)
            made["detector"] = {**(made.get("detector") or {}), "layouts": True}
            return self._train(f"pretrain-{start}-{name}", "pretrain", made, {}, inputs, {"data": folder}, lacking)
        values["data"] = [{"path": "{series}", "kind": "pairs"}]
        made = self._recipe(recipe, values, detector)
        return self._train(f"pretrain-{start}-{name}", "pretrain", made, {"series": self._series(start)}, {}, {}, ())

    def _series(self, start: str, hold: bool = False) -> Step:
        """Generates from xView2's train and tier3; for image quality one series a tile from its hold split."""
        about = starts()[start]
        folder, inputs, lacking = self.having.data(XVIEW2)
        splits = ("hold",) if hold else ("train", "tier3")
        variants = 1 if hold else self.variants
        words = ["generate", *(word for split in splits for word in ("--input", f"{{data}}/{split}"))]
        options: dict[str, Any] = {
            **about.series, "steps": 1, "tile-size": tiny()["tile"] if self.small else 256, "variants": variants,
            "unchanged": "skip", "seed": self.seed,
        }  # fmt: skip
        after = {}
        if about.generator:
            after["generator"] = self._packed(f"generator-{start}", self._generator(start))
            options["weights"] = "{generator}"
        words += [word for name, value in options.items() for word in (f"--{name}", str(value))]
        count = variants * (16 * 933 if hold else PAIRS)  # of each image of 1,024 px 16 tiles
        return Step(
            kind="series",
            name=f"series-{start}{'-hold' if hold else f'-{variants}'}",
            words=(*words, "--output", OWN, "--quiet"),
            after=after,
            inputs=inputs,
            places={"data": folder},
            lacking=lacking,
            proof="manifest.json",
            codes=(0, 1),  # 1: some tiles failed, which a synthesizer may have good reason for
            cost={"what": "generate", "which": about.series["synthesizer"], "count": count},
            local=("--device", self.device, *(("--workers", "0") if self.small else ())),
        )

    def _generator(self, start: str) -> Step:
        name = starts()[start].generator
        folder, inputs, lacking = self.having.data(XVIEW2)
        recipe = read_recipe(name)
        values: dict[str, Any] = {"data": [{"path": "{data}"}], "seed": self.seed}
        if self.small:
            values = {**values, **tiny()["recipe"], "validate_every": 0}
            values |= tiny()["generators"][str(recipe.get("model", "changen"))]
        made = override(recipe, values)
        return self._train(f"generator-{name}", "train", made, {}, inputs, {"data": folder}, lacking)

    def _recipe(self, recipe: Mapping[str, Any], values: Mapping[str, Any], detector: DetectorEntry) -> dict[str, Any]:
        made: dict[str, Any] = override(recipe, {**values, "seed": self.seed})
        if self.small:
            less: dict[str, Any] = dict(tiny()["recipe"])
            if made.get("validate_every"):
                less["validate_every"] = 1
            made = override(made, less)
            if own := detector.tiny.get("detector"):
                before: Any = made.get("detector")
                made["detector"] = {**(before or {}), **own}
        return made

    def _backbone(self, detector: DetectorEntry) -> str:
        return str(detector.tiny.get("backbone", detector.backbone)) if self.small else detector.backbone

    def _train(
        self,
        name: str,
        verb: str,
        recipe: Mapping[str, Any],
        after: Mapping[str, Step],
        inputs: Mapping[str, Any],
        places: Mapping[str, Path],
        lacking: tuple[str, ...],
    ) -> Step:
        images = int(recipe["iterations"]) * int(recipe["batch_size"])
        cost: dict[str, Any] = {"what": "train a generator", "count": images}
        if verb != "train":
            size = int((recipe.get("crops") or {}).get("size", 256))
            cost = {"what": "train a detector", "which": _rate(recipe), "count": images * (size / 256) ** 2}
        return Step(
            kind="runs",
            name=name,
            words=(verb, "--config", RECIPE, "--output", OWN, "--quiet"),
            recipe=recipe,
            after=after,
            inputs=inputs,
            places=places,
            lacking=lacking,
            cost=cost,
            local=("--device", self.device, *(("--devices", str(self.devices)) if self.devices else ())),
        )

    def _packed(self, name: str, run: Step) -> Step:
        return Step(
            kind="weights",
            name=name,
            words=("weights", "pack", "{run}", "--name", "{name}", "--output", "{folder}", "--dtype", "fp32"),
            after={"run": run},
            suffix=".safetensors",
        )

    def _evaluate(self, name: str, run: Step, how: ProtocolEntry) -> Step:
        folder, inputs, lacking = self.having.data(how.data)
        split = ("--split", "test") if how.kind == "fine-tuning" else ()
        return Step(
            kind="figures",
            name=name,
            words=(
                *("evaluate", "detection", "--weights", "{weights}", "--data", "{data}", *split, "--sheet-rows", "0"),
                *("--json", OWN, "--quiet"),
            ),
            after={"weights": self._packed(name, run)},
            inputs=inputs,
            places={"data": folder},
            lacking=lacking,
            suffix=".json",
            local=("--device", self.device),
        )

    def _quality(self, start: str) -> Step:
        folder, inputs, lacking = self.having.data(XVIEW2)
        inception, digest, lacks = self.having.weights(INCEPTION)
        return Step(
            kind="figures",
            name=f"quality-{start}",
            words=(
                *("evaluate", "quality", "{series}", "--reference", "{data}/hold"),
                *("--inception-weights", "{inception}", "--no-lite0", "--sheet-rows", "0", "--json", OWN, "--quiet"),
            ),
            after={"series": self._series(start, hold=True)},
            inputs={**inputs, **digest},
            places={"data": folder, "inception": inception},
            lacking=(*lacking, *lacks),
            suffix=".json",
            local=("--device", self.device),
        )


def _rate(recipe: Mapping[str, Any]) -> str:
    """Names what ``rates.yaml`` has of a detector."""
    model, detector = str(recipe.get("model")), recipe.get("detector") or {}
    if model != "changestar":
        return model
    backbone = detector.get("backbone", "resnet18")
    return f"{model}-{'vanilla-' if backbone == 'resnet18' and detector.get('mixin') == 'four' else ''}{backbone}"
