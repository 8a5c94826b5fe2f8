"""Films, which only an extra can write: MP4, H.264, that every browser and office program shows."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from changen_cli.errors import StoreError, UsageError
from changen_cli.files import put_whole, work_folder
from changen_cli.types import UInt8Array

RATE = 10
"""Frames a second; each date is repeated, since players dislike films of one frame a second."""


def require_film(path: Path) -> None:
    """Asks whether films can be written here, before anything else is.

    Raises:
        UsageError: If imageio-ffmpeg is not installed.
    """
    if find_spec("imageio_ffmpeg") is None:
        raise UsageError(
            f'{path}: a film needs imageio-ffmpeg; install with: pip install "changen[video]", '
            "or ask for a .gif or .webp"
        )


def write_film(path: Path, frames: Sequence[UInt8Array], seconds: float) -> None:
    """Writes a film, whole or not at all.

    Args:
        path: MP4 file; its folder is made if need be.
        frames: uint8 [H, W, 3], of one size; an odd row or column is left out, which H.264 does not have.
        seconds: How long each is shown.

    Raises:
        UsageError: If imageio-ffmpeg is not installed.
        StoreError: If the film cannot be written.
    """
    require_film(path)
    import imageio_ffmpeg

    height, width = (side // 2 * 2 for side in frames[0].shape[:2])
    times = max(1, round(seconds * RATE))
    with work_folder(path) as folder:
        scratch = folder / "film.mp4"
        try:
            film = imageio_ffmpeg.write_frames(
                str(scratch), (width, height), fps=RATE, codec="libx264", quality=8, macro_block_size=2
            )
            film.send(None)
            for frame in frames:
                for _ in range(times):
                    film.send(np.ascontiguousarray(frame[:height, :width]))
            film.close()
        except (OSError, RuntimeError) as error:
            raise StoreError(f"{path}: the film cannot be written: {' '.join(str(error).split())[-200:]}") from error
        put_whole(scratch, path)
