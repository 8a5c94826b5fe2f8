"""Sample sheets: I_t, S_t, S_t+1 and the synthesised image side by side, to be looked at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from skimage.io import imsave
from torch import nn

from changen_cli.training.data import Sample
from changen_cli.types import UInt8Array

KEPT, CREATED, REMOVED = (255, 255, 255), (80, 220, 100), (235, 70, 70)
MARGIN = 4


def draw_layouts(before: UInt8Array, after: UInt8Array) -> tuple[UInt8Array, UInt8Array]:
    """Colours two layouts: kept white, created green (in S_t+1), removed red (in S_t).

    Args:
        before: S_t, uint8 [H, W].
        after: S_t+1, uint8 [H, W].

    Returns:
        Two uint8 [H, W, 3] images.
    """
    first = np.zeros((*before.shape, 3), np.uint8)
    second = first.copy()
    kept = (before > 0) & (after > 0)
    first[kept] = second[kept] = KEPT
    first[(before > 0) & ~kept] = REMOVED
    second[(after > 0) & ~kept] = CREATED
    return first, second


@torch.inference_mode()
def write_sheet(path: Path, generator: nn.Module, samples: list[Sample], noise: torch.Tensor) -> None:
    """Writes one sheet, a row for each sample: I_t, S_t, S_t+1, I~_t+1.

    Args:
        path: PNG file.
        generator: G, in evaluation mode.
        samples: What to show.
        noise: z, float [len(samples), noise_dim].
    """
    device = next(generator.parameters()).device
    image = torch.from_numpy(np.stack([s.image for s in samples])).to(device).float() / 127.5 - 1
    before = torch.from_numpy(np.stack([s.before for s in samples])).to(device)
    after = torch.from_numpy(np.stack([s.after for s in samples])).to(device)
    made = generator(image, before, after, noise.to(device))
    made8 = ((made + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).cpu().numpy()
    rows = []
    for sample, result in zip(samples, made8, strict=True):
        first, second = draw_layouts(sample.before, sample.after)
        cells = [sample.image.transpose(1, 2, 0), first, second, result.transpose(1, 2, 0)]
        rows.append(np.concatenate([np.pad(c, ((0, MARGIN), (0, MARGIN), (0, 0))) for c in cells], 1))
    path.parent.mkdir(parents=True, exist_ok=True)
    imsave(path, np.concatenate(rows), check_contrast=False)
