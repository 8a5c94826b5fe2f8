"""Projected discriminator heads on a frozen, ImageNet-trained network."""

from changen_cli.models.projected.discriminator import ProjectedDiscriminator
from changen_cli.models.projected.features import Lite0Features

__all__ = ["Lite0Features", "ProjectedDiscriminator"]
