"""How scenes are read: the choices a user makes once for all scenes of a run."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pyproj import CRS
from pyproj.exceptions import CRSError

from changen_cli.errors import UsageError

PIXEL_CRS = "pixel"
"""Value of :attr:`ReadOptions.footprints_crs` for vectors whose coordinates are columns and rows of the raster."""


@dataclass(frozen=True)
class ReadOptions:
    """How scenes are read. Validated when made; picklable.

    Attributes:
        bands: 1-based numbers of the red, green and blue band; None to choose by colour interpretation.
        rescale: How pixels that are not 8-bit become 0..255: ``"LOW:HIGH"`` (these values become 0 and 255, linear
            between, clipped outside) or ``"auto"`` (the 2nd and 98th percentile of the scene). One pair of limits holds
            for all three bands, so that colours keep their balance. 8-bit images are never rescaled.
        resolution: Metres on the ground per pixel to read at, true at the centre of the scene whatever its CRS; None
            for the pixels as they are.
        resolution_optional: Read a scene without a georeference at its own pixels instead of refusing it.
        footprints_crs: CRS of vector footprints, which overrides what their files say; ``"pixel"`` if they are in
            columns and rows of the raster (x to the right, y down, pixel (0, 0) covers 0..1). None to go by the file.
        exclude: Vector file of polygons where nothing may be built, or None.
        min_area: Footprints and holes smaller than this are dropped or filled: square pixels at the reading resolution.

    Raises:
        UsageError: If a value cannot be used.
    """

    bands: tuple[int, int, int] | None = None
    rescale: str | None = None
    resolution: float | None = None
    resolution_optional: bool = False
    footprints_crs: str | None = None
    exclude: str | None = None
    min_area: float = 4.0

    def __post_init__(self) -> None:
        if self.bands is not None and (len(self.bands) != 3 or any(b < 1 for b in self.bands)):
            given = ",".join(map(str, self.bands))
            raise UsageError(f"bands {given!r}: give three band numbers from 1 up, red, green, blue, as in 3,2,1")
        if self.resolution is not None and not (math.isfinite(self.resolution) and self.resolution > 0):
            raise UsageError(f"resolution {self.resolution:g}: give metres per pixel above 0, as in 0.5")
        if not (math.isfinite(self.min_area) and self.min_area >= 0):
            raise UsageError(f"min_area {self.min_area:g}: give square pixels, 0 or more")
        if self.rescale not in (None, "auto"):
            self.limits()
        if self.footprints_crs not in (None, PIXEL_CRS):
            try:
                CRS.from_user_input(self.footprints_crs)
            except CRSError as error:
                raise UsageError(
                    f"footprints CRS {self.footprints_crs!r} is not known; give a code such as EPSG:32633, or "
                    f"{PIXEL_CRS!r} for pixel coordinates"
                ) from error

    def limits(self) -> tuple[float, float] | None:
        """Returns the stated limits of ``rescale``: LOW and HIGH, or None if it is unset or ``"auto"``."""
        if self.rescale is None or self.rescale == "auto":
            return None
        try:
            low, high = (float(part) for part in self.rescale.split(":"))
        except ValueError:
            low = high = math.nan
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise UsageError(f"rescale {self.rescale!r}: give LOW:HIGH with LOW below HIGH, as in 0:3000, or auto")
        return low, high
