"""DeepFillv2: fills holes in images."""

from changen_cli.models.base import Model
from changen_cli.models.deepfill.arguments import DeepFillArguments
from changen_cli.models.deepfill.discriminator import HoleDiscriminator, HoleDiscriminatorConfig
from changen_cli.models.deepfill.generator import DeepFillConfig, DeepFillGenerator

__all__ = ["MODEL", "DeepFillConfig", "DeepFillGenerator", "HoleDiscriminator", "HoleDiscriminatorConfig"]

MODEL = Model(
    name="deepfill",
    summary="fills the ground of removed objects",
    network=DeepFillGenerator,
    config=DeepFillConfig,
    discriminator=HoleDiscriminatorConfig,
    learner="changen_cli.training.learners.deepfill:DeepFillLearner",
    arguments=DeepFillArguments,
    # it is trained on holes in ground, where nothing is created or removed
    shows=frozenset(),
    recipe="deepfill",
)
