"""How a whole scene is cut into windows where ``--mosaic`` synthesises it."""

from __future__ import annotations

from changen_cli.errors import UsageError
from changen_cli.scenes.blending import ALIGNMENT, Windows


def mosaic_windows(tile_size: int, overlap: int) -> Windows:
    """Cuts a whole scene.

    Args:
        tile_size: Rows and columns of a window.
        overlap: Pixels that neighbours share; 0 for a quarter of the window.

    Returns:
        The windows.

    Raises:
        UsageError: If either is no multiple of :data:`~changen_cli.scenes.blending.ALIGNMENT`, or a pixel would lie in
            three windows of a row.
    """
    windows = Windows(tile_size, overlap or tile_size // 4 // ALIGNMENT * ALIGNMENT)
    if windows.size % ALIGNMENT or windows.overlap % ALIGNMENT or not windows.overlap >= ALIGNMENT:
        raise UsageError(
            f"--tile-size {tile_size} and --overlap {overlap}: with --mosaic both must be multiples of {ALIGNMENT}, "
            f"and the overlap at least {ALIGNMENT}; for example --tile-size 256 --overlap 64"
        )
    if 2 * windows.overlap > windows.size:
        raise UsageError(f"--overlap {overlap}: with --mosaic at most half of the tile, {tile_size // 2}")
    return windows
