"""Which of GDAL's raster formats are read: those that hold their own pixels.

Others (VRT, WMS, STAC and the like) name files and addresses to fetch, and so could copy any file of the machine into
an output, or call a server, in the name of what looks like a picture. A VRT is read where its name says that it is
one; its raw bands, which take the bytes of any file for pixels, are not.
"""

from __future__ import annotations

DRIVERS = (
    *("GTiff", "PNG", "JPEG", "JP2OpenJPEG", "JP2ECW", "JP2KAK", "JP2MrSID", "JPEGXL", "WEBP", "BMP", "GIF"),
    *("HFA", "ECW", "MrSID", "ENVI", "EHdr", "AAIGrid", "NITF", "PCIDSK", "PNM", "SGI", "RMF"),
    *(
        "netCDF",
        "HDF4",
        "HDF4Image",
        "HDF5",
        "HDF5Image",
        "BAG",
        "GPKG",
        "MBTiles",
        "GRIB",
        "FITS",
        "USGSDEM",
        "SRTMHGT",
    ),
)
"""Drivers that read nothing but the file they are given (and what lies beside it by its name)."""

SETTINGS = {"GDAL_VRT_RAWRASTERBAND_ALLOWED_SOURCE": "NONE", "GDAL_VRT_ENABLE_PYTHON": "NO"}
"""What GDAL may do for a VRT."""


def drivers_for(path: str) -> list[str]:
    """Returns the drivers that may open a raster: those of :data:`DRIVERS`, and VRT by its name.

    Args:
        path: A path, ``/vsi...`` path or URL.
    """
    is_vrt = path.partition("?")[0].lower().endswith(".vrt")
    return [*DRIVERS, "VRT"] if is_vrt else list(DRIVERS)
