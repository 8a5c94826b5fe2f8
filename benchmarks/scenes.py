"""Scenes for the benchmarks: GeoTIFFs of any size with footprints, drawn block by block."""

from __future__ import annotations

from pathlib import Path

import geopandas
import numpy as np
import rasterio
import shapely
from rasterio.transform import from_origin
from rasterio.windows import Window
from skimage.filters import gaussian

BLOCK = 512
CRS = "EPSG:32637"


def make_scene(folder: Path, side: int, spacing: int = 48) -> Path:
    """Writes ``scene_<side>.tif`` (JPEG, tiled) and ``scene_<side>_buildings.gpkg``, if they are not there.

    Args:
        folder: Where to write.
        side: Rows and columns.
        spacing: Pixels between two houses; 48 gives about 28 houses to a tile of 256 x 256.

    Returns:
        The GeoTIFF.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"scene_{side}.tif"
    vectors = folder / f"scene_{side}_buildings.gpkg"
    if path.exists() and vectors.exists():
        return path
    draw = np.random.default_rng(side)
    noise = gaussian(draw.standard_normal((BLOCK, BLOCK)), 2, mode="wrap") * 60
    ground = np.clip(np.array([130, 125, 95])[:, None, None] + noise + draw.normal(0, 4, (3, BLOCK, BLOCK)), 0, 255)
    transform = from_origin(500_000, 0, 0.5, 0.5)
    profile = {
        "driver": "GTiff", "width": side, "height": side, "count": 3, "dtype": "uint8", "crs": CRS,
        "transform": transform, "tiled": True, "blockxsize": 256, "blockysize": 256, "compress": "jpeg",
        "photometric": "ycbcr", "BIGTIFF": "IF_SAFER",
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as file:
        for row in range(0, side, BLOCK):
            for column in range(0, side, BLOCK):
                height, width = min(BLOCK, side - row), min(BLOCK, side - column)
                turned = np.rot90(ground, int(draw.integers(4)), (1, 2))[:, :height, :width]
                file.write(turned.astype(np.uint8), window=Window(column, row, width, height))
    columns, rows = np.meshgrid(np.arange(24, side - 24, spacing), np.arange(24, side - 24, spacing))
    x, y = (centres.ravel() + draw.uniform(-6, 6, centres.size) for centres in (columns, rows))
    w, h = draw.uniform(6, 14, x.size), draw.uniform(6, 14, x.size)
    boxes = shapely.box(x - w, y - h, x + w, y + h)
    boxes = shapely.transform(boxes, lambda xy: xy * (0.5, -0.5) + (500_000, 0))
    geopandas.GeoDataFrame(geometry=boxes, crs=CRS).to_file(vectors, driver="GPKG")
    return path
