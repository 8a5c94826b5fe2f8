"""SPADE: images from label maps alone, and the discriminator it is trained against."""

from changen_cli.models.spade.discriminator import MultiScaleDiscriminator, PatchConfig, feature_matching
from changen_cli.models.spade.generator import SpadeConfig, SpadeGenerator

__all__ = ["MultiScaleDiscriminator", "PatchConfig", "SpadeConfig", "SpadeGenerator", "feature_matching"]
