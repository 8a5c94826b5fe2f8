"""How scenes are read: the choices a user makes once for all scenes of a run."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import AfterValidator, StringConstraints

from changen_cli.options import LOW_TO_HIGH, Ge, Le, Number, PathText, Says, Whole, option, options, split
from changen_cli.scenes.classes import Classes, read_classes

PIXEL_CRS = "pixel"
"""Value of :attr:`ReadOptions.footprints_crs` for vectors whose coordinates are columns and rows of the raster."""

INPUT = "Input"
"""Heading of these options in ``--help``."""


def _limits(text: str) -> tuple[float, float] | None:
    if text == "auto":
        return None
    low, high = (float(part) for part in text.split(":"))
    if not (math.isfinite(low) and math.isfinite(high) and low < high and math.isfinite(high - low)):
        raise ValueError("no range")
    return low, high


def _rescale(text: str) -> str:
    _limits(text)
    return text


def _known_crs(text: str) -> str:
    from pyproj import CRS  # costs more than the rest of this module, and few runs name a CRS
    from pyproj.exceptions import CRSError

    if text != PIXEL_CRS:
        try:
            CRS.from_user_input(text)
        except CRSError as error:
            raise ValueError(text) from error
    return text


Bands = Annotated[
    tuple[Annotated[Whole, Ge(1)], Annotated[Whole, Ge(1)], Annotated[Whole, Ge(1)]],
    split(","),
    Says("three band numbers from 1 up, red, green, blue, as in 3,2,1"),
]
"""1-based numbers of the red, green and blue band."""

Rescale = Annotated[str, AfterValidator(_rescale), Says("LOW:HIGH with LOW below HIGH, as in 0:3000, or auto")]
"""How pixels that are not 8-bit become 0..255."""

KnownCRS = Annotated[
    str, AfterValidator(_known_crs), Says(f"a code such as EPSG:32633, or {PIXEL_CRS} for pixel coordinates")
]
"""A CRS in any words that PROJ knows, or :data:`PIXEL_CRS`."""


Resolution = Annotated[Number, Ge(0.001), Le(100_000)]
"""Metres on the ground per pixel."""

Resolutions = Annotated[tuple[Resolution, Resolution], LOW_TO_HIGH]
"""The finest and the coarsest of a range, metres on the ground per pixel."""


@options("--", kw_only=True)
class ReadOptions:
    """How scenes are read. Validated when made; picklable.

    Attributes:
        bands: 1-based numbers of the red, green and blue band; None to choose by colour interpretation.
        rescale: How pixels that are not 8-bit become 0..255: ``"LOW:HIGH"`` (these values become 0 and 255, linear
            between, clipped outside) or ``"auto"`` (the 2nd and 98th percentile of the scene). One pair of limits holds
            for all three bands, so that colours keep their balance. 8-bit images are never rescaled.
        mask_values: What the values of raster masks are (:mod:`~changen_cli.scenes.footprints.mask_values`).
        class_attribute: Column of vector footprints that says the class of each
            (:mod:`~changen_cli.scenes.classes`); None where all are of class 1.
        class_name: Names of classes, and the values of that column that mean them, NUMBER=NAME|VALUE.
        resolution: Metres on the ground per pixel to read at, true at the centre of the scene whatever its CRS;
            ``"native"`` for the pixels as they are; None for those too, unless they lie outside of ``suited``.
        suited: The finest and the coarsest resolution that suit whatever reads, or None. A scene whose own is known and
            lies outside is read at the nearer of the two, unless ``resolution`` says otherwise.
        resolution_optional: Read a scene without a georeference at its own pixels instead of refusing it.
        footprints_crs: CRS of vector footprints, which overrides what their files say; ``"pixel"`` if they are in
            columns and rows of the raster (x to the right, y down, pixel (0, 0) covers 0..1). None to go by the file.
        exclude: Vector file of polygons where nothing may be built, or None.
        max_pixels: Most pixels of a scene, at the reading resolution; a larger one is refused before it is planned.
        max_decoded: Most pixels of an image or mask in a format without random access (PNG, JPEG).
        min_area: Footprints and holes smaller than this are dropped or filled: square pixels at the reading resolution.

    Raises:
        UsageError: If a value cannot be used.
    """

    footprints_crs: KnownCRS | None = option(
        default=None, help="CRS of vectors that do not say, EPSG:32633 or pixel.", group=INPUT
    )
    mask_values: Literal["auto", "binary", "instance", "class"] = option(
        default="auto",
        help="What values of masks are: binary (0 or not), instance (ids of objects), class (each part of a value is "
        "an object of that class) or auto, which judges by the values and says what it took them for.",
        group=INPUT,
        recorded=False,
    )
    class_attribute: Annotated[str, StringConstraints(min_length=1)] | None = option(
        default=None,
        help="Column of vector footprints that says the class of each: its number, or a name or value of --class-name. "
        "Without it all are buildings, class 1.",
        group=INPUT,
        recorded=False,
    )
    class_name: tuple[str, ...] = option(
        default=(),
        help="What a class is called, and other values of --class-attribute that mean it: 2=water, or "
        "1=building|yes|*, where * is any other value. Repeatable; 1=building unless told other. changen export uses "
        "the names.",
        group=INPUT,
        recorded=False,
    )
    resolution: Literal["native"] | Resolution | None = option(
        default=None,
        help="Ground metres per pixel to read at. Not given: the imagery's own, or the nearest that the weights are "
        "for (those that ship: 0.27 to 0.6), which is said; native: its own in any case.",
        group=INPUT,
    )
    bands: Bands | None = option(default=None, help="Bands of red, green and blue, from 1: 3,2,1.", group=INPUT)
    rescale: Rescale | None = option(
        default=None, help="LOW:HIGH (become 0 and 255) or auto, for 16-bit and float rasters.", group=INPUT
    )
    exclude: PathText | None = option(
        default=None, help="Vector file of water, roads ... where nothing is built.", group="Events"
    )
    max_pixels: Annotated[Number, Ge(1)] = option(
        default=1e12, help="Most pixels of a scene, as read; a larger one is refused.", group=INPUT, recorded=False
    )
    max_decoded: Annotated[Number, Ge(1)] = option(
        default=256e6,
        help="Most pixels of a PNG, JPEG or the like, which is decoded from its first pixel on.",
        group=INPUT,
        recorded=False,
    )
    suited: Resolutions | None = option(
        default=None, help="Resolutions that suit the weights, metres.", cli=False, recorded=False
    )
    resolution_optional: bool = option(
        default=False, help="Read scenes without a georeference at their own pixels.", cli=False, recorded=False
    )
    min_area: Annotated[Number, Ge(0)] = option(
        default=4.0, help="Smallest footprint and hole, square pixels as read.", cli=False, recorded=False
    )

    def __post_init__(self) -> None:
        self.classes()

    def classes(self) -> Classes:
        """Returns what classes there are.

        Raises:
            UsageError: If one is declared in a way that cannot be read.
        """
        return read_classes(self.class_name)

    def metres(self) -> float | None:
        """Returns the resolution that is asked for, metres per pixel; None if none is."""
        return self.resolution if isinstance(self.resolution, float) else None

    def range_by_default(self) -> tuple[float, float] | None:
        """Returns ``suited`` where nothing else says what to read at, else None."""
        return self.suited if self.resolution is None else None

    def limits(self) -> tuple[float, float] | None:
        """Returns the stated limits of ``rescale``: LOW and HIGH, or None if it is unset or ``"auto"``."""
        return None if self.rescale is None else _limits(self.rescale)
