"""The OASIS generator (Schoenfeld et al. 2021), written from the paper (section 3.2, appendix)."""

from __future__ import annotations

from typing import ClassVar

from changen_cli.models.spade.decoder import LabelDecoder, LabelDecoderConfig, Width
from changen_cli.options import option, options


@options()
class OasisConfig(LabelDecoderConfig):
    """Architecture of the OASIS generator: 68.6 M parameters for two classes.

    Written with z as 64 more channels of every convolution over the label map, as published, they would be 70.2 M; see
    :class:`~changen_cli.models.spade.decoder.SpadeNorm`. A size comparable with changen's preset ``compact`` (5.6 M) is
    ``width`` 9/32 with ``hidden`` 64-64-64-32-16-16: 6.3 M.
    """

    strides: ClassVar[tuple[int, ...]] = (32, 16, 8, 4, 2, 1)
    published: ClassVar[tuple[int, ...]] = (1024, 1024, 1024, 512, 256, 128, 64)

    hidden: tuple[Width, Width, Width, Width, Width, Width] = option(
        default=(128,) * 6, help="Width inside the spatially-adaptive normalisations, for each block, coarsest first."
    )


class OasisGenerator(LabelDecoder):
    """P(I_t | S_t) by OASIS: SPADE with one block less, conditioned at every level on the 3D noise tensor [S | z].

    The 3D noise is one vector of 64 repeated over the image, as in training there; convolving it is a bias for each
    sample (:class:`~changen_cli.models.spade.decoder.SpadeNorm`). Resampling z in parts of an image is not supported.
    The label map reaches each block pooled by maximum, not by nearest neighbour: see
    :func:`~changen_cli.models.layers.pool_condition`.
    """

    config: OasisConfig

    def __init__(self, config: OasisConfig) -> None:
        """Makes a generator with fresh weights.

        Args:
            config: The architecture.
        """
        super().__init__(config, noise_everywhere=True)
