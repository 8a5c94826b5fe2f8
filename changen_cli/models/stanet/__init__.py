"""STANet with its pyramid attention module (Chen and Shi 2020): change as the distance of features."""

from changen_cli.models.base import Model
from changen_cli.models.detector import OPTIONS
from changen_cli.models.stanet.network import STANet, STANetConfig

__all__ = ["MODEL", "STANet", "STANetConfig"]

MODEL = Model(
    name="stanet",
    summary="STANet-PAM, which finds change where features that attend to both dates are far apart",
    network=STANet,
    config=STANetConfig,
    learner="changen_cli.training.learners.contrastive:ContrastiveLearner",
    options=OPTIONS,
    recipe="stanet",
    finetune="stanet",
)
