"""Sample sheets: I_t, S_t, S_t+1 and the synthesised image side by side, to be looked at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn

from changen_cli.pictures import as_picture, assemble, draw_layouts, write_picture
from changen_cli.training.data import Sample


@torch.inference_mode()
def write_sheet(path: Path, generator: nn.Module, samples: list[Sample], noise: torch.Tensor) -> None:
    """Writes one sheet, a row for each sample: I_t, S_t, S_t+1, I~_t+1.

    Args:
        path: PNG file.
        generator: G, in evaluation mode.
        samples: What to show.
        noise: z, float [len(samples), noise_dim].

    Raises:
        StoreError: If it cannot be written.
    """
    device = next(generator.parameters()).device
    image = torch.from_numpy(np.stack([s.image for s in samples])).to(device).float() / 127.5 - 1
    before = torch.from_numpy(np.stack([s.before for s in samples])).to(device)
    after = torch.from_numpy(np.stack([s.after for s in samples])).to(device)
    made = generator(image, before, after, noise.to(device))
    made8 = ((made + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).cpu().numpy()
    rows = [
        [as_picture(sample.image), *draw_layouts(sample.before, sample.after), as_picture(result)]
        for sample, result in zip(samples, made8, strict=True)
    ]
    write_picture(path, assemble(rows))
