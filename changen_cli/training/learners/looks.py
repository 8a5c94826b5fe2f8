"""Changen with looks: half of a batch is Algorithm 1, of the other half the image itself is the ground truth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, cast

import torch
from torch import Tensor, nn

from changen_cli.device import autocast
from changen_cli.errors import TrainingError
from changen_cli.models.changen.look_encoder import LookEncoder
from changen_cli.models.layers import one_hot
from changen_cli.models.look_draws import LookDraws
from changen_cli.models.look_kinds import BORROWED, DRAWN, OWN
from changen_cli.models.looks import Looks, region_colours
from changen_cli.models.projected import Lite0Features
from changen_cli.models.units import to_bytes, to_pixels
from changen_cli.reports.contact_sheet import Row, change_row
from changen_cli.training import losses
from changen_cli.training.config.options import TrainConfig
from changen_cli.training.data.batch import TrainingBatch, make_batch
from changen_cli.training.data.crops import Crop
from changen_cli.training.learners.base import StepResult
from changen_cli.training.learners.changen import ChangenLearner
from changen_cli.training.learners.look_task import Task, draw_looks, make_task, regions_seen


class _Synthesis(nn.Module):
    """Reads looks and synthesises with them in one call, as processes that share gradients need it."""

    def __init__(self, generator: nn.Module) -> None:
        super().__init__()
        self.generator = generator

    def forward(
        self,
        real: Tensor,
        seen: Tensor,
        shown: Tensor,
        states: tuple[Tensor, ...],
        draws: tuple[Tensor, ...],
        count: int,
    ) -> tuple[Tensor, ...]:
        """Reads looks and synthesises; tensors in and out, since Fabric looks through no dataclass that is frozen.

        Args:
            real: I_t, float [B, 3, H, W] in -1..1, whose looks are read.
            seen: :func:`~changen_cli.training.learners.look_task.regions_seen`.
            shown: What G is shown of I_t, float [B, 3, H, W] in -1..1.
            states: S_t, S_t+1 and the regions of S_t+1, each integer [B, H, W].
            draws: Source, pick and normal as in :class:`~changen_cli.models.look_draws.LookDraws`, and the keys of the
                noise of pixels.
            count: Regions, R.

        Returns:
            I~_t+1, float [B, 3, H, W] in -1..1; mean and logarithm of the variance of the looks, and whether they are
            seen, as in :class:`~changen_cli.models.changen.look_encoder.ReadLooks`.
        """
        encoder = encoder_of(self.generator)
        read = encoder(real, seen, count)
        before, after, regions = states
        codes = encoder.choose(read, LookDraws(*draws[:3]), sampled=True)
        made = self.generator(shown, before, after, Looks(codes, regions, draws[3]))
        return made, read.mean, read.log_variance, read.seen


def encoder_of(generator: nn.Module) -> LookEncoder:
    """Returns the look encoder of a generator that has one."""
    encoder = generator.get_submodule("looks")
    if not isinstance(encoder, LookEncoder):
        raise TypeError(f"{type(encoder).__name__} is no look encoder")
    return encoder


class LooksLearner(ChangenLearner):
    """G with a look for the ground and each object, and the image as its own ground truth.

    A supervised sample is a simulated change run backwards: S_t is the simulated layout, S_t+1 the true one. What the
    events created stands in S_t, so G does not see the ground under it and must draw it: a removal. What they removed
    is missing in S_t and covered in the image with ground from elsewhere, and must be drawn: a creation. The rest is
    kept. The looks are read from the image, and the image is what G must return.

    The other samples are Algorithm 1 as it is, their looks own, borrowed and drawn in turn.
    """

    columns: ClassVar[tuple[str, ...]] = (
        "g_segmentation", "g_projected", "g_pixels", "g_matching", "g_kl", "g_colours",
        "d_real", "d_fake", "d_projected", "d_real_right", "d_fake_right",
    )  # fmt: skip

    def __init__(self, config: TrainConfig, device: str, precision: torch.dtype) -> None:
        """Makes fresh networks; arguments as for :func:`~changen_cli.training.learners.make.make_learner`.

        Raises:
            TrainingError: If samples are to be supervised and crops are not covered.
        """
        super().__init__(config, device, precision)
        if config.arguments.supervised > 0 and not config.crops.covered:
            raise TrainingError("supervised samples need covered crops; set crops: {covered: true} or supervised: 0")
        self._synthesis = _Synthesis(self.generator)
        self.features: nn.Module | None = None
        if config.arguments.supervised > 0 and config.arguments.matching > 0:
            projected = self.discriminators[1:]
            self.features = projected[0].get_submodule("features") if projected else Lite0Features().to(device)

    def called(self, network: nn.Module) -> nn.Module:
        """Returns what to call for a network: for the generator what reads looks with it, too."""
        return super().called(self._synthesis if network is self.generator else network)

    def shared(self) -> list[nn.Module]:
        """Lists what processes share the gradients of: the generator through what calls it."""
        return [self._synthesis, *self.discriminators]

    def _task(self, batch: TrainingBatch, supervised: Sequence[bool], kinds: Sequence[int], purpose: str) -> Task:
        return make_task(batch, supervised, kinds, self.config.noise_dim, self.config.seed, purpose)

    def _training_task(self, batch: TrainingBatch) -> Task:
        share = self.config.arguments.supervised
        numbers = range(batch.first, batch.first + len(batch))
        supervised = [int((n + 1) * share) > int(n * share) for n in numbers]
        return self._task(batch, supervised, [n // 2 % 3 for n in numbers], "train")

    def losses_of(self, parts: Sequence[TrainingBatch]) -> list[StepResult]:
        """Trains every network once, and keeps some of the looks of the mini-batch."""
        self._keep(parts)
        return super().losses_of(parts)

    def generator_loss(self, generator: nn.Module, batch: TrainingBatch) -> StepResult:
        """Wants every pixel read as its class of S_t+1, and the image of every supervised sample given back."""
        discriminator, *projected = self.discriminators
        arguments, task = self.config.arguments, self._training_task(batch)
        with autocast(batch.image.device, self.precision):
            fake, mean, log_variance, seen = generator(
                batch.pixels,
                regions_seen(batch),
                to_pixels(task.image),
                (task.before, task.after, task.regions),
                (task.draws.source, task.draws.pick, task.draws.normal, task.keys),
                batch.regions,
            )
            logits = discriminator(fake)
            scores = [head for p in projected for head in p(fake, one_hot(task.after, self.config.classes))]
        _, after = self.balance(batch)
        weights = losses.change_weights(task.before, task.after, arguments.changed)
        found = {
            "g_segmentation": losses.labelled_loss(logits, task.after, weights=after, pixels=weights),
            "g_projected": losses.hinge_generator(scores) if scores else fake.new_zeros(()),
            "g_kl": losses.divergence(mean, log_variance, seen),
            "g_colours": self._colours(fake, batch, task),
            **self._supervision(fake, batch, task),
        }
        total = (
            found["g_segmentation"]
            + arguments.projected * found["g_projected"]
            + arguments.pixels * found["g_pixels"]
            + arguments.matching * found["g_matching"]
            + arguments.kl * found["g_kl"]
            + arguments.colours * found["g_colours"]
        )
        made = (fake.detach(), task.after, weights)
        return StepResult(total, {name: value.detach() for name, value in found.items()}, made)

    def _colours(self, fake: Tensor, batch: TrainingBatch, task: Task) -> Tensor:
        """Compares the colours of each region with those of the one whose look it has, in all samples.

        Where something stands in S_t+1 may differ from where its look was read, so no pixels are compared.
        """
        if not self.config.arguments.colours:
            return fake.new_zeros(())
        shown = task.regions.masked_fill(~batch.valid, -1)
        made = region_colours(fake, shown, batch.regions)
        with torch.no_grad():
            real = region_colours(batch.pixels, regions_seen(batch), batch.regions)
        return losses.colour_distances(made, real, task.draws.source)

    def _supervision(self, fake: Tensor, batch: TrainingBatch, task: Task) -> dict[str, Tensor]:
        """Compares supervised samples with the image: means over all samples, as if all were supervised."""
        arguments = self.config.arguments
        none = fake.new_zeros(())
        if not arguments.supervised:
            return {"g_pixels": none, "g_matching": none}
        rows = task.supervised.float() / arguments.supervised
        uncovered = (task.before > 0) & (task.after == 0)
        weights = torch.where(uncovered, arguments.uncovered, 1.0)
        pixels = ((fake - batch.pixels).abs().mean(1) * weights).mean((1, 2))
        if self.features is None:
            return {"g_pixels": (pixels * rows).mean(), "g_matching": none}
        with autocast(fake.device, self.precision):
            made = self.features(fake)
            with torch.no_grad():
                real = self.features(batch.pixels)
        return {
            "g_pixels": (pixels * rows).mean(),
            "g_matching": (losses.feature_distances(made, real) * rows).mean(),
        }

    def balance(self, batch: TrainingBatch) -> tuple[Tensor, Tensor] | tuple[None, None]:
        """Weighs classes; S_t+1 of a supervised sample is the layout of its image."""
        if not self.config.balance:
            return None, None
        before, after = batch.count_classes(self.config.classes) if batch.counts is None else batch.counts
        share = self.config.arguments.supervised
        return losses.class_weights(before), losses.class_weights(torch.lerp(after, before, share))

    @torch.no_grad()
    def _keep(self, parts: Sequence[TrainingBatch]) -> None:
        """Keeps the ground's look and one object's of every sample, as the average network reads them."""
        found = []
        for part in parts:
            read = encoder_of(self.ema.network)(part.pixels, regions_seen(part), part.regions)
            draws = draw_looks(part, [BORROWED] * len(part), self.config.noise_dim, self.config.seed, "kept")
            lent = draws.source[:, :2]
            # region 1 of a sample without an object has the source -1
            usable = torch.cat([read.seen[:, :1], lent[:, 1:] >= 0], 1)
            rows = torch.stack([torch.zeros_like(lent[:, 1]), lent[:, 1].clamp(min=0)], 1).unsqueeze(2)
            looks = torch.cat([read.mean, read.deviation], 2)
            found.append(torch.cat([looks.gather(1, rows.expand(-1, -1, looks.shape[2])), usable.unsqueeze(2)], 2))
        kept = torch.cat(found)
        if self._fabric is not None:  # every process must keep the same
            kept = cast(Tensor, self._fabric.all_gather(kept)).flatten(0, 1)
        encoder = encoder_of(self.generator)
        for kind in (0, 1):
            looks, usable = kept[:, kind, :-1], kept[:, kind, -1] > 0
            mean, deviation = looks[usable].chunk(2, 1)
            encoder.keep(mean, deviation, kind)

    @torch.inference_mode()
    def predict(self, batch: TrainingBatch) -> Tensor:
        """Predicts I~_t+1; objects that stay and the ground keep their looks, new objects borrow one."""
        return self._predict(batch, OWN)

    def _predict(self, batch: TrainingBatch, kind: int) -> Tensor:
        network, size = self.ema.network, len(batch)
        task = self._task(batch, [False] * size, [kind] * size, "predict")
        encoder = encoder_of(network)
        codes = encoder.choose(encoder(batch.pixels, regions_seen(batch), batch.regions), task.draws)
        made: Tensor = network(batch.pixels, task.before, task.after, Looks(codes, task.regions, task.keys))
        return made

    @torch.inference_mode()
    def show(self, samples: Sequence[Crop], noise: Tensor) -> list[Row]:
        """Shows I_t, S_t (removed in red), S_t+1 (created in green), I~_t+1 with own looks, and with all drawn."""
        batch = make_batch(samples, noise).to(self.device)
        made = [to_bytes(self._predict(batch, kind)).cpu().numpy() for kind in (OWN, DRAWN)]
        return [
            change_row(sample.image, sample.before, sample.after, results)
            for sample, *results in zip(samples, *made, strict=True)
        ]
