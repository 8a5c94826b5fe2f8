# my_package/sketch/__init__.py
from pathlib import Path
from typing import Annotated

import torch
from changen_cli.models.base import Model
from changen_cli.models.layers import one_hot
from changen_cli.options import Ge, Whole, option, options
from torch import Tensor, nn


@options()
class SketchConfig:
    """The architecture; what the weights card has under ``arguments``."""

    classes: Annotated[Whole, Ge(2)] = option(default=2, help="Classes of the masks, background included.")
    width: Annotated[Whole, Ge(1)] = option(default=32, help="Channels.")


class Sketch(nn.Module):
    """Paints what is hidden, after its layout, and copies the rest."""

    def __init__(self, config: SketchConfig) -> None:
        super().__init__()
        self.config = config
        self.first = nn.Conv2d(4 + config.classes, config.width, 7, padding=3)
        self.last = nn.Conv2d(config.width, 3, 7, padding=3)

    def forward(self, image: Tensor, hidden: Tensor, layout: Tensor) -> Tensor:
        hole = hidden.unsqueeze(1)
        seen = [image.masked_fill(hole, 0), hole.to(image.dtype), one_hot(layout, self.config.classes)]
        painted = torch.tanh(self.last(torch.relu(self.first(torch.cat(seen, 1)))))
        return torch.where(hole, painted.float(), image)


MODEL = Model(
    name="sketch",
    summary="paints what a change uncovers",
    network=Sketch,
    config=SketchConfig,
    learner="my_package.sketch.learner:SketchLearner",
    shows=frozenset({"create", "remove"}),
    recipe=str(Path(__file__).with_name("recipe.yaml")),
)
