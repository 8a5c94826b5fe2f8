"""The SPADE generator (Park et al. 2019), written from the paper (section 3, appendix A)."""

from __future__ import annotations

from typing import Annotated, ClassVar

from changen_cli.models.spade.decoder import LabelDecoder, LabelDecoderConfig, Width
from changen_cli.options import Ge, Le, Whole, option, options


@options()
class SpadeConfig(LabelDecoderConfig):
    """Architecture of the SPADE generator: 92.3 M parameters for two classes.

    For the 36 label channels of Cityscapes they would be 93.3 M, of which 0.3 M take z in; 93.0 M are published (Li et
    al. 2020, "GAN Compression"). A size comparable with changen's preset ``compact`` (5.6 M) is ``width`` 15/64 with
    ``hidden`` 64-64-64-64-32-16-16: 6.3 M.

    Attributes:
        noise_dim: Length of z; 256 as published.
    """

    strides: ClassVar[tuple[int, ...]] = (32, 16, 16, 8, 4, 2, 1)
    published: ClassVar[tuple[int, ...]] = (1024, 1024, 1024, 1024, 512, 256, 128, 64)

    hidden: tuple[Width, Width, Width, Width, Width, Width, Width] = option(
        default=(128,) * 7, help="Width inside the spatially-adaptive normalisations, for each block, coarsest first."
    )
    noise_dim: Annotated[Whole, Ge(1), Le(4096)] = option(default=256, help="Length of z; 256 as published.")


class SpadeGenerator(LabelDecoder):
    """P(I_t | S_t) by SPADE: seven residual blocks, 1024 channels at stride 32 down to 64 at stride 1.

    The paper starts from a linear layer that turns z into a map of 1024 channels and a fixed size. A fixed start
    belongs to one image size, and tiles come in any. So the linear layer gives one vector for the whole image here,
    added to a convolution of the label map at stride 32 (the start of the published models without image encoder).

    The label map reaches each block pooled by maximum, not by nearest neighbour: see
    :func:`~changen_cli.models.layers.pool_condition`.
    """

    config: SpadeConfig

    def __init__(self, config: SpadeConfig) -> None:
        """Makes a generator with fresh weights.

        Args:
            config: The architecture.
        """
        super().__init__(config, noise_everywhere=False)
