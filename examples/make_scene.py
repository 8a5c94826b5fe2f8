"""Draws ``village.tif`` and ``village_buildings.geojson``: a small georeferenced scene that anyone may use (CC0).

Nothing in it is copied from anywhere: ground, roads, a field, trees and houses are drawn from random numbers. Houses
stand along the roads; roofs have two sides and throw shadows to the north-west, as on a morning north of the equator.

    python examples/make_scene.py
"""

from __future__ import annotations

from pathlib import Path

import geopandas
import numpy as np
import rasterio
import shapely
from numpy.typing import NDArray
from rasterio.features import rasterize
from rasterio.transform import from_origin
from shapely import affinity
from skimage.filters import gaussian

SIZE = 640
RESOLUTION = 0.4
CRS = "EPSG:32637"
ORIGIN = (258_000.0, 143_000.0)
SHADOW = (-5.0, -4.0)
ROOFS = np.array(
    [(176, 172, 166), (150, 84, 66), (112, 124, 140), (196, 188, 178), (134, 96, 78), (92, 108, 128)], float
)

Image = NDArray[np.float64]


def noise(draw: np.random.Generator, scale: float) -> Image:
    """Returns smooth noise with mean 0 and deviation 1, [SIZE, SIZE]."""
    values = gaussian(draw.standard_normal((SIZE, SIZE)), scale, mode="wrap")
    return (values - values.mean()) / values.std()


def mask(shapes: list[shapely.Geometry]) -> NDArray[np.bool_]:
    """Draws shapes, [SIZE, SIZE]."""
    drawn = [s for s in shapes if not s.is_empty]
    return rasterize(drawn, out_shape=(SIZE, SIZE)).astype(bool) if drawn else np.zeros((SIZE, SIZE), bool)


def paint(image: Image, where: NDArray[np.bool_], colour: Image | tuple[float, ...], soft: float = 0.6) -> None:
    """Paints a colour where the mask is set, with edges as soft as a camera's."""
    alpha = gaussian(where.astype(float), soft)[..., None]
    image += alpha * (np.asarray(colour, float) - image)


def draw_roads() -> list[shapely.Geometry]:
    """Returns one winding road and two lanes."""
    x = np.linspace(-20, SIZE + 20, 60)
    main = shapely.LineString(np.stack([x, 330 + 60 * np.sin(x / 150)], 1)).buffer(10)
    lanes = [
        shapely.LineString([(170, -20), (190, 200), (175, 380)]).buffer(5),
        shapely.LineString([(430, 290), (455, 480), (430, SIZE + 20)]).buffer(5),
    ]
    return [main, *lanes]


def draw_houses(draw: np.random.Generator, roads: shapely.Geometry) -> list[shapely.Polygon]:
    """Places houses beside roads, walls along the road, never on one another."""
    houses: list[shapely.Polygon] = []
    for _ in range(4000):
        if len(houses) == 52:
            break
        x, y = draw.uniform(20, SIZE - 20, 2)
        point = shapely.Point(x, y)
        distance = roads.distance(point)
        if not 14 < distance < 95:
            continue
        near = roads.exterior.interpolate(roads.exterior.project(point))
        angle = np.degrees(np.arctan2(near.y - y, near.x - x)) + 90 + draw.normal(0, 4)
        width, depth = draw.uniform(18, 40), draw.uniform(14, 24)
        house = shapely.box(-width / 2, -depth / 2, width / 2, depth / 2)
        if draw.random() < 0.35:  # a wing
            house = house.union(shapely.box(-width / 2, 0, -width / 2 + depth * 0.8, depth * 1.1))
        house = affinity.translate(affinity.rotate(house, angle, origin=(0, 0)), x, y)
        if house.distance(roads) > 4 and all(house.distance(other) > 7 for other in houses):
            houses.append(house)
    return [h for h in houses if shapely.box(4, 4, SIZE - 4, SIZE - 4).contains(h)]


def draw_ground(draw: np.random.Generator, roads: list[shapely.Geometry]) -> Image:
    """Draws grass, bare soil, fields and roads."""
    soil, grass = np.array((172, 140, 106.0)), np.array((112, 124, 76.0))
    share = np.clip(0.55 + 0.35 * noise(draw, 30) + 0.12 * noise(draw, 6), 0, 1)[..., None]
    image = soil + share * (grass - soil)
    field = affinity.rotate(shapely.box(20, 440, 240, 620), 12)
    rows = (np.add.outer(np.arange(SIZE) * 0.9, np.arange(SIZE) * 0.25) % 9) < 4
    paint(image, mask([field]), (128, 128, 82))
    paint(image, mask([field]) & rows, (104, 116, 70), 0.8)
    for road, colour in zip(roads, ((186, 158, 128), (178, 150, 120), (178, 150, 120)), strict=True):
        paint(image, mask([road]), colour, 1.5)
    return image + 5 * noise(draw, 1.2)[..., None] + 3 * noise(draw, 4)[..., None]


def draw_trees(draw: np.random.Generator, image: Image, keep_off: shapely.Geometry) -> None:
    """Draws trees with their shadows, away from houses and roads."""
    for _ in range(170):
        x, y, radius = *draw.uniform(0, SIZE, 2), draw.uniform(3, 9)
        crown = shapely.Point(x, y).buffer(radius)
        if crown.intersects(keep_off):
            continue
        paint(image, mask([affinity.translate(crown, *SHADOW)]), (58, 60, 44), 1.2)
        green = np.array((66, 88, 48.0)) + draw.normal(0, 8, 3)
        paint(image, mask([crown]), green, 1.0)
        paint(image, mask([affinity.translate(crown, 1.5, 1.5).buffer(-radius * 0.45)]), green + 22, 1.5)


def draw_roof(draw: np.random.Generator, image: Image, house: shapely.Polygon) -> None:
    """Draws a house: shadow, a lit and a dark side of the roof, sheets or tiles."""
    shadow = shapely.union_all([affinity.translate(house, SHADOW[0] * k, SHADOW[1] * k) for k in (0.25, 0.5, 0.75, 1)])
    paint(image, mask([shadow]), (52, 48, 42), 0.8)
    colour = ROOFS[draw.integers(len(ROOFS))] + draw.normal(0, 8, 3)
    paint(image, mask([house]), colour * 0.82)
    corners = np.array(house.minimum_rotated_rectangle.exterior.coords)
    long = np.argmax(np.hypot(*np.diff(corners[:3], axis=0).T))
    a, b, c, d = np.roll(corners[:4], -long, axis=0)
    sunny = shapely.Polygon([a, b, (b + c) / 2, (a + d) / 2]).intersection(house)
    paint(image, mask([sunny]), colour * 1.06)
    u = (b - a) / np.hypot(*(b - a))
    y, x = np.mgrid[:SIZE, :SIZE]
    ribs = ((x * u[0] + y * u[1]) % 3.5) < 1
    paint(image, mask([house.buffer(-1)]) & ribs, colour * 0.9, 0.5)


def main() -> None:
    """Writes the two files beside this script."""
    draw = np.random.default_rng(2023)
    roads = draw_roads()
    network = shapely.union_all(roads)
    houses = draw_houses(draw, network)
    image = draw_ground(draw, roads)
    draw_trees(draw, image, shapely.union_all([network, *(h.buffer(7) for h in houses)]))
    for house in houses:
        draw_roof(draw, image, house)
    pixels = np.clip(image + 2.5 * draw.standard_normal(image.shape), 0, 255).astype(np.uint8).transpose(2, 0, 1)
    transform = from_origin(*ORIGIN, RESOLUTION, RESOLUTION)
    folder = Path(__file__).parent
    profile = {
        "driver": "GTiff", "width": SIZE, "height": SIZE, "count": 3, "dtype": "uint8", "crs": CRS,
        "transform": transform, "compress": "jpeg", "photometric": "ycbcr", "jpeg_quality": 90,
        "tiled": True, "blockxsize": 256, "blockysize": 256,
    }  # fmt: skip
    with rasterio.open(folder / "village.tif", "w", **profile) as file:
        file.write(pixels)
        file.update_tags(TIFFTAG_COPYRIGHT="CC0", TIFFTAG_IMAGEDESCRIPTION="drawn by examples/make_scene.py")
    matrix = [transform.a, transform.b, transform.d, transform.e, transform.c, transform.f]
    outlines = [affinity.affine_transform(house, matrix) for house in houses]
    table = geopandas.GeoDataFrame({"building": "yes"}, index=range(len(outlines)), geometry=outlines, crs=CRS)
    table.to_crs("OGC:CRS84").to_file(folder / "village_buildings.geojson", driver="GeoJSON", COORDINATE_PRECISION=8)


if __name__ == "__main__":
    main()
