"""The fixtures that write rasters and vector files, for tests to name: their types, and where the files lie."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from affine import Affine

UTM = "EPSG:32633"
"""CRS of the files, unless a test names another."""

ORIGIN = Affine(0.5, 0, 500_000, 0, -0.5, 5_000_000)
"""Transform of the rasters: pixels of half a metre."""

WriteRaster: TypeAlias = Callable[..., str]
"""Takes a name, pixels [C, H, W] or [H, W], and a rasterio profile; returns the path."""

WriteVector: TypeAlias = Callable[..., str]
"""Takes a name, geometries, and options of the writer; returns the path."""
