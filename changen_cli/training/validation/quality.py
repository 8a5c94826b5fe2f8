"""Validation: the figures of a model in training, on crops of held-out scenes (section 4.2, read while it trains)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from changen_cli.metrics.base import Figure, share
from changen_cli.metrics.change.agreement import buildings
from changen_cli.metrics.change.pairs import Pair
from changen_cli.metrics.evaluation import Evaluation
from changen_cli.training.data.crops import Crop
from changen_cli.training.run.sheets import as_bytes
from changen_cli.training.validation.heldout import HeldOut, Imagine, undisturbed
from changen_cli.types import BoolArray, UInt8Array

FIGURES: Mapping[str, tuple[str, str]] = {
    "fid": ("fid", "value"),
    "kid": ("kid", "value"),
    "inception_score": ("inception_score", "value"),
    "frechet_inception": ("frechet_inception", "value"),
    "kernel_inception": ("kernel_inception", "value"),
    "score_inception": ("score_inception", "value"),
    "frechet_lite0": ("frechet_lite0", "value"),
    "kernel_lite0": ("kernel_lite0", "value"),
    "agreement_created": ("label_agreement", "created"),
    "agreement_removed": ("label_agreement", "removed"),
    "agreement_kept": ("label_agreement", "kept"),
    "agreement_background": ("label_agreement", "background"),
    "agreement_iou": ("label_agreement", "iou"),
    "leakage": ("leakage", "value"),
    "leakage_interior": ("leakage", "interior"),
    "drift_difference": ("background_drift", "difference"),
    "drift_ssim": ("background_drift", "ssim"),
    "drift_structure": ("background_drift", "structure"),
}
"""Columns of a validation, and where :meth:`Evaluation.figures` has them."""

NO_SEGMENTER = (
    "no segmenter is named; train one on real scenes with changen train --model segmenter, pack it with changen "
    "weights pack, and name it in the recipe"
)


class Validator(Protocol):
    """What the loop of a training needs to know of a validation."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the figures, the same ones each time."""
        ...

    @property
    def absent(self) -> Mapping[str, str]:
        """Of figures that cannot be had, by column: why."""
        ...

    def run(self, imagine: Imagine) -> dict[str, float]:
        """Computes the figures.

        PyTorch's random generators and modes are left as they were: a run gives the same bytes with validations as
        without.

        Args:
            imagine: Inference of the model, in evaluation mode.

        Returns:
            A value for every column; NaN where this model's images leave nothing to measure.

        Raises:
            TrainingError: If what the model gives is not finite.
        """
        ...


class Validation:
    """Figures of synthesised images: the ones of ``changen evaluate quality``, for held-out crops.

    Which figure to read: the kernel distance (``kid``, ``kernel_lite0``). Its estimator is unbiased, so a few dozen
    crops tell one moment of a run from another, give or take its noise, and it may be a little below 0. Where the
    reference is the crops' own images it is too low, the more so the more is copied, since each image stands beside its
    own I_t; other crops are the fairer reference. The Frechet distance (``fid``, ``frechet_lite0``) needs more images
    than its features have entries (2048 and 320): with fewer its covariances have no full rank, it is biased upwards,
    and only values of the same crops may be compared. And neither sees whether a model does what it is told, so read
    label agreement and leakage beside them: in Table 3 of the paper FID gets better without the masks, and transfer
    much worse.

    Attributes:
        columns: Those of :data:`FIGURES` that can be had.
        absent: Why others cannot, by column.
        unchanged: The figures of images that stay as they are, by column: what a model has to do better than, or keep
            up with. Leakage is 1, there is no drift, and ``agreement_kept`` is about what the segmenter can reach. With
            a reference of its own, distances too: what real images have.
    """

    def __init__(
        self,
        samples: Sequence[Crop],
        noise: Tensor,
        *,
        reference: Sequence[Crop] | None = None,
        segmenter: str | None = None,
        inception_weights: str | None = None,
        device: str | torch.device = "cpu",
        batch_size: int = 16,
        seed: int = 0,
        shows: Collection[str] = ("create", "remove"),
    ) -> None:
        """Loads the networks and looks at the real images.

        Args:
            samples: Held-out crops, the same all through a run; at least 4 for a kernel distance, a few dozen for one
                that can be trusted.
            noise: z of each, float32 [len(samples), noise_dim].
            reference: Other held-out crops, whose images stand for reality; None takes the samples' own images. The
                more, the less noise.
            segmenter: Name or path of weights, trained on real images; None leaves label agreement out.
            inception_weights: File of the Inception network; None leaves FID and KID out.
            device: A torch device.
            batch_size: Samples a network sees at once.
            seed: Of the random subsets.
            shows: Which changes the model's images show; any other is taken not to have happened. DeepFillv2 shows
                "remove" alone, and neither where it fills holes in ground, as it is trained.

        Raises:
            UsageError: If there are no samples, or not as many noise vectors.
            WeightsError: If weights that are named cannot be used.
        """
        self._crops = HeldOut(samples, noise, device, batch_size)
        self._pairs = [
            _pair(number, sample, valid, shows)
            for number, (sample, valid) in enumerate(zip(samples, self._crops.valid, strict=True))
        ]
        with undisturbed(self._crops.device):  # networks draw while they are made
            self._start = Evaluation(
                segmenter=segmenter,
                inception_weights=inception_weights,
                device=str(device),
                batch_size=batch_size,
                seed=seed,
            )
            for number, sample in enumerate(samples if reference is None else reference):
                self._start.see_real(str(number), sample.image)
            trial = self._start.branch()
            for pair in self._pairs:
                trial.see_pair(pair)
            found = trial.figures()
        # what there is to measure lies in the layouts and the real images, so it is the same for any model
        self.absent: dict[str, str] = {}
        self.unchanged: dict[str, float] = {}
        self._entries: dict[str, tuple[str, str]] = {}
        for column, (name, entry) in FIGURES.items():
            figure = found.get(name, {})
            value = figure.get(entry)
            if value is not None:
                self._entries[column] = name, entry
                # the distance of a set to itself says nothing
                if reference is not None or name in ("label_agreement", "leakage", "background_drift"):
                    self.unchanged[column] = float(value)
            elif figure:
                self.absent[column] = _reason(name, figure, segmenter, len(samples))
        self.columns = tuple(self._entries)

    def run(self, imagine: Imagine) -> dict[str, float]:
        """Computes the figures; see :meth:`Validator.run`.

        Args:
            imagine: Gives images, float [B, 3, H, W] in -1..1.

        Returns:
            A value for every column.

        Raises:
            TrainingError: If a pixel is not finite.
        """
        with undisturbed(self._crops.device):
            evaluation = self._start.branch()
            for first, made in self._crops.imagined(imagine):
                for number, image in enumerate(as_bytes(made), first):
                    evaluation.see_pair(replace(self._pairs[number], after=image))
            found = evaluation.figures()
        return {column: _number(found[name].get(entry)) for column, (name, entry) in self._entries.items()}


class SegmenterValidation:
    """How well a segmenter reads S_t from I_t of held-out crops.

    Attributes:
        columns: ``iou`` of buildings, classes taken together; ``right``, share of pixels in their class; ``building``
            and ``background``, shares of their pixels that are seen as such. All 0..1, over the pixels of all crops.
        absent: Why others cannot be had, by column: no crop has a building, or any background.
    """

    def __init__(
        self, samples: Sequence[Crop], noise: Tensor, *, device: str | torch.device = "cpu", batch_size: int = 16
    ) -> None:
        """Keeps the samples.

        Args:
            samples: Held-out crops, the same all through a run.
            noise: float32 [len(samples), noise_dim]; a segmenter takes none, so it has width 0.
            device: A torch device.
            batch_size: Samples the network sees at once.

        Raises:
            UsageError: If there are no samples, or not as many noise vectors.
        """
        self._crops = HeldOut(samples, noise, device, batch_size)
        # where everything is seen as it is, what cannot be had is what the crops do not have
        found = self._shares([sample.before for sample in samples])
        self.absent = {c: "no held-out crop has pixels to take it over" for c, value in found.items() if value is None}
        self.columns = tuple(column for column in found if column not in self.absent)

    def run(self, imagine: Imagine) -> dict[str, float]:
        """Computes the figures; see :meth:`Validator.run`.

        Args:
            imagine: Gives logits of S_t, float [B, classes, H, W].

        Returns:
            A value for every column.

        Raises:
            TrainingError: If a logit is not finite.
        """
        seen: list[UInt8Array] = []
        with undisturbed(self._crops.device):
            for _, logits in self._crops.imagined(imagine):
                classes = buildings(logits) if logits.shape[1] == 1 else logits.argmax(1)
                seen.extend(classes.to(torch.uint8).cpu().numpy())
        found = self._shares(seen)
        return {column: _number(found[column]) for column in self.columns}

    def _shares(self, seen: Sequence[UInt8Array]) -> dict[str, float | None]:
        """Compares classes, uint8 [H, W] for each sample, with the truth."""
        counts: Counter[str] = Counter()
        for sample, valid, classes in zip(self._crops.samples, self._crops.valid, seen, strict=True):
            truth, found = sample.before[valid], classes[valid]
            built, where = truth > 0, found > 0
            counts["all"] += truth.size
            for name, region in (
                ("right", truth == found),
                ("built", built),
                ("hit", built & where),
                ("either", built | where),
                ("ground", ~(built | where)),
            ):
                counts[name] += int(np.count_nonzero(region))
        return {
            "iou": share(counts["hit"], counts["either"]),
            "right": share(counts["right"], counts["all"]),
            "building": share(counts["hit"], counts["built"]),
            "background": share(counts["ground"], counts["all"] - counts["built"]),
        }


def remarks(absent: Mapping[str, str]) -> list[str]:
    """Says what is absent: one line for each reason, the columns before it."""
    columns: dict[str, list[str]] = {}
    for column, reason in absent.items():
        columns.setdefault(reason, []).append(column)
    return [f"{', '.join(names)}: {reason}" for reason, names in columns.items()]


def _pair(number: int, sample: Crop, valid: BoolArray, shows: Collection[str]) -> Pair:
    """Makes the pair of a sample, its second image the first; what is not shown stands as it did."""
    before, after = sample.before > 0, sample.after > 0
    if "create" not in shows:
        after = after & before
    if "remove" not in shows:
        after = after | before
    return Pair(
        id=str(number),
        scene="",
        step=1,
        before=sample.image,
        after=sample.image,
        valid=valid,
        created=after & ~before & valid,
        removed=before & ~after & valid,
        kept=before & after & valid,
        ground=~(before | after) & valid,
        changes=(),
    )


def _reason(name: str, figure: Figure, segmenter: str | None, samples: int) -> str:
    if name == "label_agreement" and segmenter is None:
        return NO_SEGMENTER
    reason: str = figure.get("absent", f"none of the {samples} held-out crops has pixels to take it over")
    return reason


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
