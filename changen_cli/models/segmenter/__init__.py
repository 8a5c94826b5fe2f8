"""The segmenter: reads layouts from images, to measure whether a synthesised image shows its layout."""

from changen_cli.models.base import Model
from changen_cli.models.segmenter.arguments import SegmenterArguments
from changen_cli.models.segmenter.unet import Segmenter, SegmenterConfig

__all__ = ["MODEL", "Segmenter", "SegmenterConfig"]

MODEL = Model(
    name="segmenter",
    summary="reads layouts from images",
    network=Segmenter,
    config=SegmenterConfig,
    learner="changen_cli.training.learners.segmenter:SegmenterLearner",
    arguments=SegmenterArguments,
    weights="segmenter",
    recipe="segmenter",
)
