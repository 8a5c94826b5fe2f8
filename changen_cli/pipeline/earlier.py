"""Looks of an earlier output, for the same tiles once more."""

from __future__ import annotations

from functools import cached_property

from changen_cli.errors import UsageError
from changen_cli.models.series_looks import SeriesLooks
from changen_cli.store.base import Status
from changen_cli.store.series import open_series


class EarlierLooks:
    """Finds the looks of a tile in an earlier output; can be sent to a worker."""

    def __init__(self, path: str, look_dim: int, tile_size: int) -> None:
        """Opens the output, and checks that its looks can be used.

        Args:
            path: The output folder.
            look_dim: Length of a look of the synthesizer.
            tile_size: Side of a tile, pixels.

        Raises:
            StoreError: If it is not a complete output.
            UsageError: If it has no looks, or other ones than the synthesizer, or other tiles.
        """
        self._data = open_series(path)
        store = self._data.manifest["store"]
        if not self._data.look_dim:
            raise UsageError(f"--looks {path} has no looks; give an output that was made by weights with looks")
        if self._data.look_dim != look_dim:
            raise UsageError(
                f"--looks {path} has looks of {self._data.look_dim} numbers, these weights have {look_dim}; "
                "use the weights that it was made with"
            )
        if (store["height"], store["width"]) != (tile_size, tile_size):
            raise UsageError(
                f"--looks {path} has tiles of {store['width']} x {store['height']} pixels, this run of {tile_size}; "
                "give the same --tile-size"
            )

    @cached_property
    def _first_of_tile(self) -> dict[tuple[str, str], str]:
        """Id of the first sample of each tile that is done."""
        columns = self._data.table.select(["scene", "tile", "sample", "status"]).to_pydict().values()
        found: dict[tuple[str, str], str] = {}
        for scene, tile, sample, status in zip(*columns, strict=True):
            if status == Status.DONE:
                found.setdefault((scene, tile), sample)
        return found

    def find(self, sample: str, scene: str, tile: str) -> SeriesLooks | None:
        """Finds the looks of a sample, else those of the first sample of its tile; None if there are none.

        Args:
            sample: Id of the sample.
            scene: Id of its scene.
            tile: Id of its tile.

        Raises:
            StoreError: If the table of looks is missing or damaged.
        """
        looks = self._data.looks_of(sample)
        first = self._first_of_tile.get((scene, tile))
        return looks if looks is not None or first is None else self._data.looks_of(first)
