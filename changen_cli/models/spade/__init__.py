"""SPADE: images from label maps alone, and the discriminator it is trained against."""

from changen_cli.models.base import Model
from changen_cli.models.spade.arguments import SpadeArguments
from changen_cli.models.spade.discriminator import MultiScaleDiscriminator, PatchConfig, feature_matching
from changen_cli.models.spade.generator import SpadeConfig, SpadeGenerator

__all__ = ["MODEL", "MultiScaleDiscriminator", "PatchConfig", "SpadeConfig", "SpadeGenerator", "feature_matching"]

MODEL = Model(
    name="spade",
    summary="images from layouts alone, against a discriminator of patches",
    network=SpadeGenerator,
    config=SpadeConfig,
    discriminator=PatchConfig,
    learner="changen_cli.training.learners.spade:SpadeLearner",
    arguments=SpadeArguments,
    shows=frozenset({"create", "remove"}),
    recipe="spade",
)
