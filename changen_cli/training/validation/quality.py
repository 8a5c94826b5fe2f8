"""Validation: the metrics of a model in training, on crops of held-out scenes (section 4.2, read while it trains)."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Self

import torch
from torch import Tensor

from changen_cli.metrics.base import RealImage
from changen_cli.metrics.evaluation import Evaluation
from changen_cli.metrics.networks import Networks, load_networks
from changen_cli.metrics.pairs import Pair
from changen_cli.models.registry import get_model
from changen_cli.models.units import to_bytes
from changen_cli.training.config.options import TrainConfig
from changen_cli.training.data.crops import Crop, CropSampler
from changen_cli.training.validation.held_out import HeldOut, Predict, draw_held_out, undisturbed

REFERENCES = 2
"""Real crops that the synthesised ones are compared with, for each of these."""

NO_SEGMENTER = (
    "no segmenter is named; name the one that ships in the recipe (segmenter), or better one trained on scenes like "
    "these (changen train --model segmenter, changen weights pack)"
)


class QualityValidation:
    """Metrics of synthesised images: the ones of ``changen evaluate quality``, for held-out crops.

    Which to read: a kernel distance. Its estimator is unbiased, so a few dozen crops tell one moment of a run from
    another, give or take its noise, and it may be a little below 0. Where the reference is the crops' own images it is
    too low, the more so the more is copied, since each image stands beside its own I_t; other crops are the fairer
    reference. A Frechet distance needs more images than its features have entries (2048 and 320): with fewer its
    covariances have no full rank, it is biased upwards, and only values of the same crops may be compared. And neither
    sees whether a model does what it is told, so read label agreement and removed_structure beside them: in Table 3 of
    the paper FID gets better without the masks, and transfer much worse.

    Attributes:
        columns: Those of the metrics that can be had.
        absent: Why others cannot, by column.
        unchanged: The values of images that stay as they are, by column: what a model has to do better than, or keep
            up with. removed_structure is 1, there is no drift, and the agreement of kept buildings is about what the
            segmenter can reach. With a reference of its own, distances too: what real images have.
    """

    def __init__(
        self,
        samples: Sequence[Crop],
        noise: Tensor,
        networks: Networks,
        *,
        reference: Sequence[Crop] | None = None,
        seed: int = 0,
        shows: Collection[str] = ("create", "remove"),
    ) -> None:
        """Looks at the real images.

        Args:
            samples: Held-out crops, the same all through a run; at least 4 for a kernel distance, a few dozen for one
                that can be trusted.
            noise: z of each, float32 [len(samples), noise_dim].
            networks: What metrics are computed with; the model runs on their device, with their batch size.
            reference: Other held-out crops, whose images stand for reality; None takes the samples' own images. The
                more, the less noise.
            seed: Of the random subsets.
            shows: Which changes the model's images show (:attr:`changen_cli.models.base.Model.shows`); any other is
                taken not to have happened.

        Raises:
            UsageError: If there are no samples, or not as many noise vectors.
        """
        self._crops = HeldOut(samples, noise, networks.device, networks.batch_size)
        self._pairs = [_pair(number, sample, shows) for number, sample in enumerate(samples)]
        with undisturbed(self._crops.device):
            self._start = Evaluation(networks, seed=seed)
            for number, sample in enumerate(samples if reference is None else reference):
                self._start.see_real(RealImage(str(number), sample.image))
            for pair in self._pairs:
                self._start.see_truth(pair)
            trial = self._start.branch()
            for pair in self._pairs:
                trial.see_pair(pair)
            found = trial.compute()
        # what there is to measure lies in the layouts and the real images, so it is the same for any model
        self.absent: dict[str, str] = {}
        self.unchanged: dict[str, float] = {}
        self._entries: dict[str, tuple[str, str]] = {}
        nothing = f"none of the {len(samples)} held-out crops has pixels to take it over"
        for metric in trial.metrics:
            result = found[metric.name]
            for column in metric.columns:
                value = result.get(column.key)
                if value is None:
                    self.absent[column.name] = result.get("absent", nothing)
                    continue
                self._entries[column.name] = metric.name, column.key
                # the distance of a set to itself says nothing
                if reference is not None or column.own:
                    self.unchanged[column.name] = float(value)
        self.columns = tuple(self._entries)

    @classmethod
    def of(cls, config: TrainConfig, crops: CropSampler, device: torch.device) -> Self:
        """Makes the validation that a recipe asks for.

        Args:
            config: The recipe.
            crops: Draws held-out crops; those that follow the ones that are synthesised stand for reality.
            device: Where the model is.

        Raises:
            TrainingError: If a streamed scene cannot be read or used.
            WeightsError: If a network that metrics are computed with cannot be loaded.
        """
        count = config.validation_crops
        samples, noise = draw_held_out(crops, count, config.noise_dim)
        with undisturbed(device):  # networks draw while they are made
            networks = load_networks(
                segmenter=config.segmenter or None,
                inception_weights=config.inception_weights or None,
                device=str(device),
                no_segmenter=NO_SEGMENTER,
            )
        return cls(
            samples,
            noise,
            networks,
            reference=[crops[k] for k in range(count, (1 + REFERENCES) * count)],
            seed=config.seed,
            shows=get_model(config.model).shows,
        )

    def run(self, predict: Predict) -> dict[str, float]:
        """Computes the metrics; see :meth:`changen_cli.training.validation.base.Validator.run`.

        Args:
            predict: Gives images, float [B, 3, H, W] in -1..1.

        Returns:
            A value for every column.

        Raises:
            TrainingError: If a pixel is not finite.
        """
        with undisturbed(self._crops.device):
            evaluation = self._start.branch()
            for first, made in self._crops.predictions(predict):
                for number, image in enumerate(to_bytes(made).cpu().numpy(), first):
                    evaluation.see_pair(replace(self._pairs[number], after=image))
            found = evaluation.compute()
        return {column: _number(found[name].get(key)) for column, (name, key) in self._entries.items()}


def _pair(number: int, sample: Crop, shows: Collection[str]) -> Pair:
    """Makes the pair of a sample, its second image the first; what is not shown stands as it did."""
    before, after, valid = sample.before > 0, sample.after > 0, sample.valid
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


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
