"""What names a scene before it is opened."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from changen_cli.files import scheme_of
from changen_cli.types import Split

VSI = {"/vsicurl/": "", "/vsis3/": "s3://", "/vsigs/": "gs://"}
"""What GDAL's virtual paths are as URLs."""

_REMOTE = re.compile(r"^(?:/vsi|[A-Za-z][A-Za-z0-9+.-]+://)")

LabelKind: TypeAlias = Literal["mask", "vector", "xbd", "read"]
"""How a file of footprints is read; see :class:`LabelSource`."""


@dataclass(frozen=True)
class LabelSource:
    """A file of footprints, and how it is read; picklable, nothing of it is open.

    Attributes:
        kind: "mask" for a raster, "vector" for a vector file of any format, "xbd" for the JSON labels of xView2 / xBD,
            "read" for a vector file that changen itself wrote, of what a segmenter read from the image.
        path: The file. ``file.gpkg|layername=NAME`` names one layer of a vector file.
        shared: True if the file serves several scenes. Such a scene may well have no footprints, as long as it lies
            within the extent of the file; a file of its own that touches no pixel is an error.
        recorded: What outputs call the file, where that is not its path: one inside an output has its path there, so
            that equal outputs in other folders are equal.
    """

    kind: LabelKind
    path: str
    shared: bool = False
    recorded: str = ""

    @property
    def name(self) -> str:
        """What outputs call the file."""
        return self.recorded or self.path


@dataclass(frozen=True)
class SceneSource:
    """An image and where its footprints are; picklable, nothing of it is open.

    Attributes:
        id: Unique in a run and safe as a file name.
        image: Path, ``/vsi...`` path or URL of the raster.
        labels: Where its footprints are, or None if it has none.
        split: Its split where the folder says so, else None.
        recorded: What outputs call the image, where that is not its path: the path that it had when a series was made
            that is made again now.
    """

    id: str
    image: str
    labels: LabelSource | None = None
    split: Split | None = None
    recorded: str = ""

    @property
    def name(self) -> str:
        """What outputs call the image."""
        return self.recorded or self.image


def as_url(path: str) -> str | None:
    """Returns the URL by which an object store or a server can be asked for a file.

    Args:
        path: Any path, ``/vsi...`` path or URL.

    Returns:
        The URL; None for what is none, and for an address with a query, which may be good for one request alone.
    """
    prefix = next((prefix for prefix in VSI if path.startswith(prefix)), "")
    url = VSI.get(prefix, "") + path.removeprefix(prefix)
    return None if scheme_of(url) is None or "?" in url else url


def is_remote(path: str) -> bool:
    """Tells whether a path is a ``/vsi...`` path or a URL, which only GDAL can look at."""
    return _REMOTE.match(path) is not None
