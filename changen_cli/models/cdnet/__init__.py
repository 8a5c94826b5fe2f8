"""CDNet (Chen et al. 2021, with instance augmentation): a U-Net on the differences of the features of a ResNet-18."""

from changen_cli.models.base import Model
from changen_cli.models.cdnet.network import CDNet, CDNetConfig
from changen_cli.models.detector import LEARNER, OPTIONS

__all__ = ["MODEL", "CDNet", "CDNetConfig"]

MODEL = Model(
    name="cdnet",
    summary="CDNet, a U-Net on the differences of the features of a siamese ResNet-18",
    network=CDNet,
    config=CDNetConfig,
    learner=LEARNER,
    options=OPTIONS,
    recipe="cdnet",
    finetune="cdnet",
)
