"""ChangeFormer (Bandara and Patel 2022): a siamese mix transformer and a decoder of differences."""

from changen_cli.models.base import Model
from changen_cli.models.changeformer.network import ChangeFormer, ChangeFormerConfig
from changen_cli.models.detector import LEARNER, OPTIONS

__all__ = ["MODEL", "ChangeFormer", "ChangeFormerConfig"]

MODEL = Model(
    name="changeformer",
    summary="ChangeFormer (V6), a siamese mix transformer with a decoder of learnt differences",
    network=ChangeFormer,
    config=ChangeFormerConfig,
    learner=LEARNER,
    options=OPTIONS,
    recipe="changeformer",
    finetune="changeformer",
)
