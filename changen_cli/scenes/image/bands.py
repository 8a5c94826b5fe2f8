"""Which three bands of a raster are red, green and blue. If the raster does not tell, the user must say."""

from __future__ import annotations

from dataclasses import dataclass

from rasterio.enums import ColorInterp

from changen_cli.errors import SceneError
from changen_cli.scenes.image.rasters import Raster

_RGB = (ColorInterp.red, ColorInterp.green, ColorInterp.blue)


@dataclass(frozen=True)
class BandChoice:
    """The bands read.

    Attributes:
        bands: 1-based numbers of red, green and blue.
        why: How they were chosen, for the manifest.
    """

    bands: tuple[int, int, int]
    why: str


def choose_bands(dataset: Raster, path: str, bands: tuple[int, int, int] | None) -> BandChoice:
    """Chooses red, green and blue.

    In this order: what the user says; the colour interpretation, if it names all three; three bands in their order, if
    the raster has exactly three besides alpha.

    Args:
        dataset: The raster.
        path: Its path, for messages.
        bands: What the user says, or None.

    Raises:
        SceneError: If a band does not exist or is of complex numbers, the raster has a palette, or it does not tell.
    """
    choice = _choose(dataset, path, bands)
    types = {dataset.dtypes[band - 1] for band in choice.bands}
    if any(dtype.startswith("complex") for dtype in types):
        raise SceneError(f"{path}: bands of complex numbers cannot be shown as an image; give their amplitude")
    return choice


def _choose(dataset: Raster, path: str, bands: tuple[int, int, int] | None) -> BandChoice:
    meanings = list(dataset.colorinterp)
    if bands is not None:
        if max(bands) > dataset.count:
            raise SceneError(
                f"{path}: has {dataset.count} band(s), so there is no band {max(bands)}; give --bands within 1 to "
                f"{dataset.count}"
            )
        return BandChoice(bands, "given")
    if ColorInterp.palette in meanings:
        raise SceneError(
            f"{path}: is a palette image, its pixels are not colours; expand it first "
            f"(gdal_translate -expand rgb {path} rgb.tif)"
        )
    if all(meaning in meanings for meaning in _RGB):
        red, green, blue = (meanings.index(meaning) + 1 for meaning in _RGB)
        return BandChoice((red, green, blue), "colour interpretation")
    colours = [i + 1 for i, meaning in enumerate(meanings) if meaning != ColorInterp.alpha]
    if len(colours) == 3:
        return BandChoice((colours[0], colours[1], colours[2]), "three bands in order")
    if len(colours) == 1:
        raise SceneError(f"{path}: has one band and three are needed; to use it for all three give --bands 1,1,1")
    example = "3,2,1" if dataset.count >= 3 else "1,2,2"
    raise SceneError(
        f"{path}: has {dataset.count} bands and does not say which are red, green and blue; tell them, as in "
        f"--bands {example}"
    )
