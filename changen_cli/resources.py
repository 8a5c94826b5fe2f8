"""Where the data that come with changen lie: the weights and the example scene."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

PACKAGE = Path(str(files("changen_cli")))
"""The folder of the package."""


def weights_folder(package: Path = PACKAGE) -> Path:
    """Returns the folder of the weights that come with changen: ``NAME.safetensors`` with ``NAME.yaml``."""
    return _data("weights", package)


def example_files(package: Path = PACKAGE) -> list[Path]:
    """Lists the files of the example scene: a GeoTIFF and its footprints."""
    return sorted(_data("examples", package).glob("village*"))


def _data(name: str, package: Path) -> Path:
    """The one rule: a wheel carries data inside the package, a checkout has them beside it."""
    inside = package / "_data" / name
    return inside if inside.is_dir() else package.parent / name
