"""FC-Siam-Diff (Daudt et al. 2018): a small siamese U-Net on the differences of its features."""

from changen_cli.models.base import Model
from changen_cli.models.detector import LEARNER, OPTIONS
from changen_cli.models.fcsiam.network import FCSiamDiff, FCSiamDiffConfig

__all__ = ["MODEL", "FCSiamDiff", "FCSiamDiffConfig"]

MODEL = Model(
    name="fcsiam",
    summary="FC-Siam-Diff, a siamese U-Net of 1.35 M parameters on the differences of its features",
    network=FCSiamDiff,
    config=FCSiamDiffConfig,
    learner=LEARNER,
    options=OPTIONS,
    recipe="fcsiam",
    finetune="fcsiam",
)
