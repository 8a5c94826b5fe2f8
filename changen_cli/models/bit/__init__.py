"""BiT (Chen et al. 2021): a bitemporal image transformer on a ResNet-18."""

from changen_cli.models.base import Model
from changen_cli.models.bit.network import BiT, BiTConfig
from changen_cli.models.detector import LEARNER, OPTIONS

__all__ = ["MODEL", "BiT", "BiTConfig"]

MODEL = Model(
    name="bit",
    summary="BiT, which exchanges a few semantic tokens between the dates by a transformer on ResNet-18",
    network=BiT,
    config=BiTConfig,
    learner=LEARNER,
    options=OPTIONS,
    recipe="bit",
    finetune="bit",
)
