"""OASIS: the segmentation discriminator."""

from changen_cli.models.oasis.discriminator import DiscriminatorConfig, SegmentationDiscriminator

__all__ = ["DiscriminatorConfig", "SegmentationDiscriminator"]
