"""What gives the footprints of a scene: the protocol of masks, vectors and other labels."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

from shapely.geometry import MultiPolygon, Polygon

from changen_cli.scenes.layout import Footprint
from changen_cli.scenes.window import Window


@dataclass(frozen=True, slots=True)
class Report:
    """Counts of the features of a vector file within a scene.

    Attributes:
        features: Features looked at.
        footprints: Polygons kept, after multi-part features were split.
        repaired: Invalid polygons (self-crossing, for one) that were made valid.
        empty: Features dropped since they have no geometry, or one that cannot be decoded, or that
            cannot be placed: its coordinates are not finite, or beyond any place on Earth.
        not_polygons: Points and lines dropped.
        zero_area: Polygons dropped since they cover nothing.
        tangled: Polygons dropped since their edges meet each other so often that they cannot be repaired in good time.
        repeated: Polygons dropped since another is equal to them.
    """

    features: int = 0
    footprints: int = 0
    repaired: int = 0
    empty: int = 0
    not_polygons: int = 0
    zero_area: int = 0
    tangled: int = 0
    repeated: int = 0

    @property
    def dropped(self) -> int:
        """Features of which nothing could be used."""
        return self.empty + self.not_polygons + self.zero_area + self.tangled

    def kept(self, footprints: int) -> Report:
        """Returns this report with the number of footprints that were kept in the end."""
        return replace(self, footprints=footprints)

    def as_manifest(self) -> dict[str, int]:
        """Returns the counts by name."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class OutlineSample:
    """Outlines of whole footprints of a scene.

    Attributes:
        outlines: Each with its centroid on (0, 0), pixels as read.
        classes: The class of each; empty where the source tells no classes.
    """

    outlines: tuple[Polygon | MultiPolygon, ...] = ()
    classes: tuple[int, ...] = ()


class Labels(Protocol):
    """Where the footprints of a scene come from."""

    def footprints(self, window: Window) -> tuple[Footprint, ...]:
        """Returns the footprints of a window within the scene, clipped to it, in its pixel coordinates."""
        ...

    def everything(self) -> tuple[Footprint, ...]:
        """Returns the footprints of the whole scene, in memory that grows with their number and not with its pixels."""
        ...

    def outlines(self, limit: int) -> OutlineSample:
        """Returns outlines of at most ``limit`` whole footprints of each class on the scene."""
        ...

    def report(self) -> Report:
        """Returns what was repaired and dropped so far; all zero where nothing is counted."""
        ...

    def known_empty(self) -> bool:
        """Tells whether it is certain, without reading a pixel, that there is no footprint on the scene."""
        ...

    def as_manifest(self) -> dict[str, Any]:
        """Returns what the manifest says of the labels (JSON values)."""
        ...

    @property
    def kept_bytes(self) -> int:
        """Bytes of decoded labels that are kept in memory."""
        ...

    def close(self) -> None:
        """Closes files."""
        ...


class NoLabels:
    """A scene without footprints."""

    kept_bytes = 0

    def footprints(self, window: Window) -> tuple[Footprint, ...]:
        """Returns nothing."""
        return ()

    def everything(self) -> tuple[Footprint, ...]:
        """Returns nothing."""
        return ()

    def outlines(self, limit: int) -> OutlineSample:
        """Returns nothing."""
        return OutlineSample()

    def report(self) -> Report:
        """Returns zeros."""
        return Report()

    def known_empty(self) -> bool:
        """Returns True."""
        return True

    def as_manifest(self) -> dict[str, Any]:
        """Returns what the manifest says of no labels."""
        return {"kind": "none"}

    def close(self) -> None:
        """Does nothing."""
