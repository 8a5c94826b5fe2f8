from __future__ import annotations

import torch

from changen_cli import plugins
from changen_cli.synthesis.base import Batch, Synthesizer, SynthesizerSettings


def test_it_returns_the_image_and_is_installed_by_name() -> None:
    copy = plugins.load(plugins.SYNTHESIZERS, "copy")(SynthesizerSettings())
    assert isinstance(copy, Synthesizer)
    image = torch.randint(0, 256, (2, 3, 16, 20), dtype=torch.uint8)
    masks = torch.zeros(2, 16, 20, dtype=torch.uint8)
    assert torch.equal(copy.synthesize(Batch(image, masks, masks, torch.zeros(2, 0))), image)
    assert copy.as_manifest() == {"name": "copy"}
    assert copy.noise_dim == 0
