"""OASIS: the segmentation discriminator, and the generator that sees no pre-event image."""

from changen_cli.models.base import Model
from changen_cli.models.oasis.arguments import OasisArguments
from changen_cli.models.oasis.discriminator import DiscriminatorConfig, SegmentationDiscriminator
from changen_cli.models.oasis.generator import OasisConfig, OasisGenerator

__all__ = ["MODEL", "DiscriminatorConfig", "OasisConfig", "OasisGenerator", "SegmentationDiscriminator"]

MODEL = Model(
    name="oasis",
    summary="images from layouts alone, against a discriminator that segments",
    network=OasisGenerator,
    config=OasisConfig,
    discriminator=DiscriminatorConfig,
    learner="changen_cli.training.learners.oasis:OasisLearner",
    arguments=OasisArguments,
    shows=frozenset({"create", "remove"}),
    recipe="oasis",
)
