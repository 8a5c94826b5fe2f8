"""What names a scene before it is opened."""

from __future__ import annotations

import re
from dataclasses import dataclass

_REMOTE = re.compile(r"^(?:/vsi|[A-Za-z][A-Za-z0-9+.-]+://)")


@dataclass(frozen=True)
class SceneSource:
    """An image and where its footprints are; picklable, nothing of it is open.

    Attributes:
        id: Unique in a run and safe as a file name.
        image: Path, ``/vsi...`` path or URL of the raster.
        mask: Raster of footprints, or None.
        footprints: Vector file of footprints, or None; ``file.gpkg|layername=NAME`` names one layer, and what is named
            like labels of xBD (``*_00000001_pre_disaster.json``) is read as such. It is used where there is a mask as
            well, since outlines are better geometry than pixels.
        split: "train", "val" or "test" where the folder says so, else None.
        shared: True if ``footprints`` serves several scenes. Such a scene may well have no footprints, as long as it
            lies within the extent of the file; a file of its own that touches no pixel is an error.
    """

    id: str
    image: str
    mask: str | None = None
    footprints: str | None = None
    split: str | None = None
    shared: bool = False


def is_remote(path: str) -> bool:
    """Tells whether a path is a ``/vsi...`` path or a URL, which only GDAL can look at."""
    return _REMOTE.match(path) is not None
