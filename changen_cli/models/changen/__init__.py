"""The change generator."""

from changen_cli.models.base import Model
from changen_cli.models.changen.arguments import ChangenArguments
from changen_cli.models.changen.generator import ChangenGenerator, GeneratorConfig
from changen_cli.models.oasis.discriminator import DiscriminatorConfig

__all__ = ["MODEL", "ChangenGenerator", "GeneratorConfig"]


def _learner(config: GeneratorConfig) -> str:
    learners = "changen_cli.training.learners"
    return f"{learners}.looks:LooksLearner" if config.looks else f"{learners}.changen:ChangenLearner"


MODEL = Model(
    name="changen",
    summary="the change generator: images of the next state from the image and the layouts before and after",
    network=ChangenGenerator,
    config=GeneratorConfig,
    discriminator=DiscriminatorConfig,
    learner=_learner,
    arguments=ChangenArguments,
    shows=frozenset({"create", "remove"}),
    weights="compact-paper",
    recipe="compact",
)
