"""DeepFillv2: fills holes in images."""

from changen_cli.models.deepfill.discriminator import HoleDiscriminator, HoleDiscriminatorConfig
from changen_cli.models.deepfill.generator import DeepFillConfig, DeepFillGenerator

__all__ = ["DeepFillConfig", "DeepFillGenerator", "HoleDiscriminator", "HoleDiscriminatorConfig"]
