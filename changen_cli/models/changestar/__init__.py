"""ChangeStar (Zheng et al. 2021) and ChangeStar(1x96) (2023): the change detectors of the paper's experiments."""

from changen_cli.models.base import Model
from changen_cli.models.changestar.network import ChangeStar, ChangeStarConfig
from changen_cli.models.changestar.published import read_published
from changen_cli.models.detector import LEARNER, OPTIONS

__all__ = ["MODEL", "ChangeStar", "ChangeStarConfig"]

MODEL = Model(
    name="changestar",
    summary="ChangeStar(1x96) with a FarSeg neck on ResNet-18 or MiT-B1, the detector of the paper; or the one of 2021",
    network=ChangeStar,
    config=ChangeStarConfig,
    learner=LEARNER,
    options=OPTIONS,
    recipe="changestar",
    finetune="changestar-levir",
    published=read_published,
)
