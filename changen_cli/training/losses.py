"""The losses: N + 1 class cross-entropy (OASIS), the hinge of scores, and the comparison of frozen features."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F


def class_weights(counts: Tensor) -> Tensor:
    """Balances classes by their inverse frequency in a batch (OASIS, section 3.1).

    Args:
        counts: Pixels of each class in the whole batch, however many processes share it, float32 [N].

    Returns:
        float32 [N + 1]: pixels / (classes present x pixels of the class); 0 for an absent class, 1 for "synthesised".
    """
    present = counts > 0
    weights = torch.where(present, counts.sum() / (present.sum() * counts.clamp(min=1)), 0.0)
    return torch.cat([weights, weights.new_ones(1)])


def change_weights(before: Tensor, after: Tensor, changed: float) -> Tensor:
    """Weighs pixels of changed ground, which are few and matter most.

    Args:
        before: S_t, integer [B, H, W].
        after: S_t+1, integer [B, H, W].
        changed: Weight of a pixel where they differ; that of the others is 1.

    Returns:
        float32 [B, H, W].
    """
    return torch.where(before == after, 1.0, changed)


def labelled_loss(
    logits: Tensor, mask: Tensor, *, weights: Tensor | None = None, pixels: Tensor | None = None
) -> Tensor:
    """Cross-entropy of every pixel against its own class: what D wants of real pairs, and G of its own.

    Args:
        logits: float [B, N + 1, H, W].
        mask: Integer [B, H, W], the layout that goes with the images.
        weights: Weights of the classes, float [N + 1] (:func:`class_weights`); None for equal ones.
        pixels: Weights of the pixels, float [B, H, W]; None for equal ones.

    Returns:
        Scalar: the mean over pixels of weights x cross-entropy.
    """
    loss = F.cross_entropy(logits, mask.long(), weight=weights, reduction="none")
    return loss.mean() if pixels is None else (loss * pixels).mean()


def synthesised_loss(logits: Tensor, pixels: Tensor | None = None) -> Tensor:
    """Cross-entropy of every pixel against class N + 1: what D wants of synthesised images.

    Args:
        logits: float [B, N + 1, H, W].
        pixels: Weights of the pixels, float [B, H, W]; None for equal ones.

    Returns:
        Scalar: the mean over pixels of weight x cross-entropy.
    """
    target = torch.full(logits.shape[:1] + logits.shape[2:], logits.shape[1] - 1, device=logits.device)
    loss = F.cross_entropy(logits, target, reduction="none")
    return loss.mean() if pixels is None else (loss * pixels).mean()


def hinge_real(scores: Sequence[Tensor]) -> Tensor:
    """Hinge loss of real pairs, averaged over the heads."""
    return torch.stack([F.relu(1 - s).mean() for s in scores]).mean()


def hinge_fake(scores: Sequence[Tensor]) -> Tensor:
    """Hinge loss of synthesised pairs, averaged over the heads."""
    return torch.stack([F.relu(1 + s).mean() for s in scores]).mean()


def hinge_generator(scores: Sequence[Tensor]) -> Tensor:
    """What the generator minimises against the heads."""
    return -torch.stack([s.mean() for s in scores]).mean()


def weighted_l1(fake: Sequence[Tensor], real: Sequence[Tensor], weights: Sequence[float]) -> Tensor:
    """Compares frozen features of synthesised images with those of the real images of the same layouts, as published.

    Args:
        fake: Feature maps by level, each [B, C, H, W].
        real: Those of the real images; no gradient passes through them.
        weights: Of the levels.

    Returns:
        Scalar: the mean absolute difference of each level times its weight, summed.
    """
    levels = zip(fake, real, weights, strict=True)
    return torch.stack([weight * F.l1_loss(f.float(), r.detach().float()) for f, r, weight in levels]).sum()


def perceptual_loss(fake: Sequence[Tensor], real: Sequence[Tensor]) -> Tensor:
    """Compares frozen features of synthesised images with those of the real images of the same layouts.

    Args:
        fake: Feature maps by level, each [B, C, H, W].
        real: Those of the real images; no gradient passes through them.

    Returns:
        Scalar: the mean over samples of :func:`feature_distances`.
    """
    return feature_distances(fake, real).mean()


def feature_distances(fake: Sequence[Tensor], real: Sequence[Tensor]) -> Tensor:
    """Compares frozen features of synthesised images with those of real ones, sample by sample.

    Args:
        fake: Feature maps by level, each [B, C, H, W].
        real: Those of the real images; no gradient passes through them.

    Returns:
        float32 [B]: for each level the mean absolute difference over the mean magnitude of the real features there
        (the levels of a network differ by orders of magnitude), averaged over levels. Each sample has its own
        scale, so that a batch may be shared between processes.
    """
    levels = [
        (f.float() - r.float()).abs().mean((1, 2, 3)) / r.float().abs().mean((1, 2, 3)).clamp(min=1e-6)
        for f, r in zip(fake, (r.detach() for r in real), strict=True)
    ]
    return torch.stack(levels).mean(0)


def divergence(mean: Tensor, log_variance: Tensor, seen: Tensor) -> Tensor:
    """Kullback-Leibler divergence of looks from N(0, 1).

    Args:
        mean: float32 [B, R, D].
        log_variance: float32 [B, R, D].
        seen: Regions that count, bool [B, R].

    Returns:
        Scalar, in nats: the mean over the numbers of a look, over the regions of a sample, and over samples, so that a
        batch may be shared between processes.
    """
    each = (mean.square() + log_variance.exp() - 1 - log_variance).mean(2) / 2
    return ((each * seen).sum(1) / seen.sum(1).clamp(min=1)).mean()


def colour_distances(made: tuple[Tensor, Tensor], real: tuple[Tensor, Tensor], source: Tensor) -> Tensor:
    """Compares the colours of regions with those of the regions whose looks they have.

    Args:
        made: Of I~_t+1, by region of S_t+1, as :func:`changen_cli.models.looks.region_colours` gives them.
        real: Of I_t, by region of S_t, alike.
        source: Region of I_t whose look each has, int64 [B, R]; -1 for a drawn look, of which no colour is known.

    Returns:
        Scalar: the mean absolute difference over the regions of a sample that have such a look, and over samples.
    """
    index = source.clamp(min=0)
    wanted = real[0].gather(1, index.unsqueeze(2).expand_as(real[0]))
    told = (source >= 0) & (made[1] > 0) & (real[1].gather(1, index) > 0)
    each = (made[0] - wanted).abs().mean(2) * told
    return (each.sum(1) / told.sum(1).clamp(min=1)).mean()


def binary_losses(logits: Tensor, target: Tensor, valid: Tensor, smooth: float = 1.0) -> tuple[Tensor, Tensor]:
    """Compares logits of a yes or no with labels, sample by sample: cross-entropy, and soft Dice.

    Dice is taken over each sample, not over the batch, so that a batch may be taken in parts and shared between
    processes.

    Args:
        logits: float [B, H, W].
        target: 0 or 1, any type [B, H, W].
        valid: Pixels that count, bool [B, H, W].
        smooth: Added to both parts of the Dice ratio; what a sample without a yes is divided by.

    Returns:
        float32 [B] both: the mean binary cross-entropy over valid pixels, 0 where none is; and
        1 - (2 sum(p y) + smooth) / (sum(p) + sum(y) + smooth) over them.
    """
    counted, wanted = valid.flatten(1).float(), target.flatten(1).float()
    scores = logits.flatten(1).float()
    each = F.binary_cross_entropy_with_logits(scores, wanted, reduction="none")
    entropy = (each * counted).sum(1) / counted.sum(1).clamp(min=1)
    found, wanted = scores.sigmoid() * counted, wanted * counted
    overlap = 2 * (found * wanted).sum(1) + smooth
    return entropy, 1 - overlap / (found.sum(1) + wanted.sum(1) + smooth)
