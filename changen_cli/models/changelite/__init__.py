"""ChangeLite: a small siamese detector that learns on one processor core."""

from changen_cli.models.base import Model
from changen_cli.models.changelite.network import ChangeLite, ChangeLiteConfig
from changen_cli.models.detector import LEARNER, OPTIONS

__all__ = ["MODEL", "ChangeLite", "ChangeLiteConfig"]

MODEL = Model(
    name="changelite",
    summary="a small siamese detector on EfficientNet-Lite0, which learns on one processor core",
    network=ChangeLite,
    config=ChangeLiteConfig,
    learner=LEARNER,
    options=OPTIONS,
    recipe="changelite",
    finetune="changelite-pairs",
)
