"""Attributes by the zarr conventions ``proj`` and ``spatial`` (https://github.com/zarr-conventions), version 0.1."""

from __future__ import annotations

from typing import TypedDict

from affine import Affine
from rasterio.crs import CRS
from rasterio.enums import WktVersion

_BASE = "zarr-conventions"


class Convention(TypedDict):
    """Says which convention a group or array follows."""

    name: str
    uuid: str
    schema_url: str
    spec_url: str
    description: str


Attributes = TypedDict(
    "Attributes",
    {
        "zarr_conventions": list[Convention],
        "spatial:dimensions": list[str],
        "spatial:shape": list[int],
        "spatial:registration": str,
        "spatial:transform_type": str,
        "spatial:transform": list[float],
        "spatial:bbox": list[float],
        "proj:code": str,
        "proj:wkt2": str,
    },
    total=False,
)
"""The attributes of the two conventions, as JSON has them."""

SPATIAL: Convention = {
    "name": "spatial",
    "uuid": "689b58e2-cf7b-45e0-9fff-9cfc0883d6b4",
    "schema_url": f"https://raw.githubusercontent.com/{_BASE}/spatial/refs/tags/v0.1/schema.json",
    "spec_url": f"https://github.com/{_BASE}/spatial/blob/v0.1/README.md",
    "description": "Spatial coordinate information",
}
PROJ: Convention = {
    "name": "proj",
    "uuid": "f17cb550-5864-4468-aeb7-f3180cfb622f",
    "schema_url": f"https://raw.githubusercontent.com/{_BASE}/proj/refs/tags/v0.1/schema.json",
    "spec_url": f"https://github.com/{_BASE}/proj/blob/v0.1/README.md",
    "description": "Coordinate reference system information for geospatial data",
}


def attributes(height: int, width: int, crs: str | None, transform: Affine | None) -> Attributes:
    """Returns what the two conventions let us say of all samples together.

    The conventions know one grid per array, and the samples of a run are many. So the CRS is given where all samples
    share it, and the transform only where they share that as well; each sample's own is in the arrays ``crs`` and
    ``transform``.

    Args:
        height: Of a sample, pixels.
        width: Of a sample, pixels.
        crs: WKT of the CRS that all samples share, or None.
        transform: Pixel to CRS coordinates that all samples share, or None.

    Returns:
        JSON attributes for a Zarr group or array.
    """
    result: Attributes = {
        "zarr_conventions": [SPATIAL],
        "spatial:dimensions": ["y", "x"],
        "spatial:shape": [height, width],
        "spatial:registration": "pixel",
    }
    if transform is not None:
        a, b, c, d, e, f = tuple(transform)[:6]
        corners = ((0, 0), (width, 0), (0, height), (width, height))
        xs = [a * x + b * y + c for x, y in corners]
        ys = [d * x + e * y + f for x, y in corners]
        result["spatial:transform_type"] = "affine"
        result["spatial:transform"] = [a, b, c, d, e, f]
        result["spatial:bbox"] = [min(xs), min(ys), max(xs), max(ys)]
    if crs:
        result["zarr_conventions"].append(PROJ)
        result.update(_projection(crs))
    return result


def _projection(wkt: str) -> Attributes:
    """Returns the code of a CRS that is in a register, its WKT 2 otherwise."""
    crs = CRS.from_wkt(wkt)
    authority = crs.to_authority(confidence_threshold=100)
    if authority is not None and authority[1].isdigit():
        return {"proj:code": ":".join(authority)}
    return {"proj:wkt2": crs.to_wkt(version=WktVersion.WKT2_2019)}
