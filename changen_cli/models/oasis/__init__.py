"""OASIS: the segmentation discriminator, and the generator that sees no pre-event image."""

from changen_cli.models.oasis.discriminator import DiscriminatorConfig, SegmentationDiscriminator
from changen_cli.models.oasis.generator import OasisConfig, OasisGenerator

__all__ = ["DiscriminatorConfig", "OasisConfig", "OasisGenerator", "SegmentationDiscriminator"]
