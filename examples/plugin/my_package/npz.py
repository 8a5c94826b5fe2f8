# my_package/npz.py
import io
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar
from zipfile import BadZipFile

import numpy as np
from changen_cli.errors import StoreError
from changen_cli.files import make_folder, remove_files, remove_folder_if_empty, write_files
from changen_cli.store.base import Outcome, Series
from changen_cli.store.formats.base import Arrays, Format, Times
from changen_cli.store.tables.samples import SampleRow


class NpzFormat(Format):
    """One NumPy file a series, with the arrays image, mask, instance, change and valid: ``npz/<sample>.npz``."""

    name: ClassVar[str] = "npz"

    def create(self) -> None:
        make_folder(self.root / "npz")

    def write_shard(self, index: int, outcomes: Sequence[Outcome]) -> None:
        done = [outcome.series for outcome in outcomes if outcome.series is not None]
        write_files(self.root, ((self._path(series.id), _encode(series)) for series in done))
        remove_files(self._path(outcome.id) for outcome in outcomes if outcome.series is None)

    def read(self, sample: SampleRow, times: Times) -> Arrays:
        path = self._path(sample["sample"])
        try:
            with np.load(path) as arrays:
                return Arrays(**arrays)
        except (OSError, ValueError, BadZipFile) as error:
            raise StoreError(f"cannot read {path}: {error}; run changen again with --overwrite") from error

    @classmethod
    def clear(cls, root: Path) -> None:
        remove_files((root / "npz").glob("*.npz"))
        remove_folder_if_empty(root / "npz")

    def _path(self, sample: str) -> Path:
        return self.root / "npz" / f"{sample}.npz"


def _encode(series: Series) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **series.arrays())
    return file.getvalue()
