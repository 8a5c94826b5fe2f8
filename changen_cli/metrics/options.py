"""What a user asks of ``changen evaluate quality``."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from changen_cli.errors import UsageError
from changen_cli.options import Digest, Ge, PathText, Says, Whole, option, options
from changen_cli.scenes.options import Bands, Rescale, Resolution

REFERENCE, NETWORKS, OUTPUT = "Reference", "Networks", "Output"


def _some(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value:
        raise ValueError("no reference")
    return value


Inputs = Annotated[
    tuple[PathText, ...], AfterValidator(_some), Says("a folder, raster or list of real scenes, or a series")
]


@options("--")
class QualityOptions:
    """What is compared with what, and with which networks."""

    series: PathText = option(help="Output of changen generate.", positional=True)
    reference: Inputs = option(
        help="Folder, raster or list of real scenes, or another output. Repeatable.", group=REFERENCE, flags=("-r",)
    )
    resolution: Resolution | None = option(
        default=None, help="Ground metres per pixel to read scenes at; else that of SERIES.", group=REFERENCE
    )
    bands: Bands | None = option(
        default=None, help="Bands of red, green and blue of scenes, from 1: 3,2,1.", group=REFERENCE
    )
    rescale: Rescale | None = option(
        default=None, help="LOW:HIGH or auto, for scenes that are not 8 bit; else as SERIES.", group=REFERENCE
    )
    reference_split: str | None = option(
        default=None, help="Only this split of the reference: train, val or test.", group=REFERENCE
    )
    split: str | None = option(default=None, help="Only this split of SERIES: train, val or test.")
    limit: Annotated[Whole, Ge(1)] | None = option(
        default=None, help="At most so many samples, and so many real images, spread evenly."
    )
    inception_weights: PathText | None = option(
        default=None, help="weights-inception-2015-12-05-6726825d.pth of torch-fidelity.", group=NETWORKS
    )
    inception_sha256: Digest | None = option(
        default=None, help="What the SHA-256 of that file must be.", group=NETWORKS
    )
    segmenter: str | None = option(
        default=None, help="Name or path of weights of changen train --model segmenter.", group=NETWORKS
    )
    lite0: bool = option(default=True, help="Distances on Lite0 features.", group=NETWORKS)
    device: str = option(default="auto", help="auto, cpu, cuda, cuda:1 ...", group=NETWORKS)
    batch_size: Annotated[Whole, Ge(1)] = option(default=16, help="Images a network sees at once.", group=NETWORKS)
    seed: Annotated[Whole, Ge(0)] = option(default=0, help="Of the random subsets of kernel distances.", group=NETWORKS)
    sheet_rows: Annotated[Whole, Ge(0)] = option(default=8, help="Pairs shown in the page; 0 for none.", group=OUTPUT)

    def __post_init__(self) -> None:
        if self.inception_sha256 is not None and self.inception_weights is None:
            raise UsageError("--inception-sha256 is given without --inception-weights; give the file too")
