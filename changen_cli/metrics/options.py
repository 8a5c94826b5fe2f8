"""What a user asks of ``changen evaluate quality``, validated."""

from __future__ import annotations

import re
from dataclasses import dataclass

from changen_cli.errors import UsageError

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


@dataclass(frozen=True)
class QualityOptions:
    """Arguments of an evaluation; the command line documents the same ones in the user's words.

    Attributes:
        series: Output of ``changen generate``.
        reference: Real images: scenes, or another such output.
        split: Only this split of the series.
        reference_split: Only this split of the reference.
        resolution: Metres per pixel to read scenes at; None for that of the series.
        bands: 1-based band numbers of scenes, or None.
        rescale: "LOW:HIGH" or "auto" for scenes that are not 8 bit; None for that of the series.
        limit: Most samples, and most reference images, spread evenly; None for all.
        inception_weights: File of the Inception network, or None to leave FID, KID and Inception score out.
        inception_sha256: What its SHA-256 must be, or None.
        segmenter: Name or path of weights, or None to leave the label agreement out.
        lite0: Whether to compute distances on EfficientNet-Lite0 features.
        device: A resolved torch device.
        batch_size: Images a network sees at once.
        seed: Of the random subsets.
        sheet_rows: Pairs that are kept for the contact sheet; 0 for none.
    """

    series: str
    reference: tuple[str, ...]
    split: str | None = None
    reference_split: str | None = None
    resolution: float | None = None
    bands: tuple[int, int, int] | None = None
    rescale: str | None = None
    limit: int | None = None
    inception_weights: str | None = None
    inception_sha256: str | None = None
    segmenter: str | None = None
    lite0: bool = True
    device: str = "cpu"
    batch_size: int = 16
    seed: int = 0
    sheet_rows: int = 0

    def __post_init__(self) -> None:
        if not self.reference:
            raise UsageError("no reference: name a folder of real scenes, or a series, with --reference")
        for name, value, least in (
            ("--limit", self.limit, 1),
            ("--batch-size", self.batch_size, 1),
            ("--seed", self.seed, 0),
            ("--sheet-rows", self.sheet_rows, 0),
        ):
            if value is not None and value < least:
                raise UsageError(f"{name} {value}: must be at least {least}")
        if self.inception_sha256 is not None:
            if self.inception_weights is None:
                raise UsageError("--inception-sha256 is given without --inception-weights; give the file too")
            if not _SHA256.fullmatch(self.inception_sha256):
                raise UsageError(f"--inception-sha256 {self.inception_sha256}: must be 64 hexadecimal digits")
