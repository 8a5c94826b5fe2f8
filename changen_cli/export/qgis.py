"""Styles of QGIS for layers of a GeoPackage: the table ``layer_styles``, which QGIS reads when it opens a layer."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree as Xml

Colour = tuple[int, int, int]

CREATE_TABLE = """
CREATE TABLE layer_styles (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    f_table_catalog TEXT(256), f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256),
    styleName TEXT(30), styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT, owner TEXT(30),
    ui TEXT(30),
    update_time DATETIME DEFAULT CURRENT_TIMESTAMP
)
"""
"""The table as QGIS makes it."""

REGISTER = """
INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change)
VALUES ('layer_styles', 'attributes', 'layer_styles', 'styles of QGIS', ?)
"""

INSERT = """
INSERT INTO layer_styles
    (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName, styleQML, styleSLD, useAsDefault,
     description, owner, ui, update_time)
VALUES ('', '', ?, ?, ?, ?, '', 1, ?, '', NULL, ?)
"""


def by_value(column: str, colours: Mapping[str, Colour], opacity: float = 0.5) -> str:
    """Returns a style (QML) that fills polygons by the value of a column.

    Args:
        column: Its name.
        colours: Red, green and blue, 0 to 255, by value.
        opacity: Of the fill, 0 to 1; borders are opaque.
    """
    root = Xml.Element("qgis", version="3.22", styleCategories="Symbology")
    renderer = Xml.SubElement(root, "renderer-v2", type="categorizedSymbol", attr=column, symbollevels="0")
    categories = Xml.SubElement(renderer, "categories")
    symbols = Xml.SubElement(renderer, "symbols")
    for number, (value, colour) in enumerate(colours.items()):
        Xml.SubElement(
            categories, "category", value=value, label=value, symbol=str(number), render="true", type="string"
        )
        _symbol(symbols, str(number), colour, opacity)
    return Xml.tostring(root, encoding="unicode")


def outline(colour: Colour) -> str:
    """Returns a style (QML) that draws borders alone."""
    root = Xml.Element("qgis", version="3.22", styleCategories="Symbology")
    renderer = Xml.SubElement(root, "renderer-v2", type="singleSymbol", symbollevels="0")
    _symbol(Xml.SubElement(renderer, "symbols"), "0", colour, 0)
    return Xml.tostring(root, encoding="unicode")


def write_styles(path: Path, styles: Mapping[str, tuple[str, str]], geometry: str, time: str) -> None:
    """Adds styles to a GeoPackage that has none.

    Args:
        path: The GeoPackage.
        styles: Description and QML by name of a layer.
        geometry: Name of the layers' column of geometries.
        time: Of the change, ISO 8601.
    """
    with sqlite3.connect(path) as database:
        database.execute(CREATE_TABLE)
        database.execute(REGISTER, (time,))
        for layer, (description, qml) in styles.items():
            database.execute(INSERT, (layer, geometry, layer, qml, description, time))
    database.close()


def _symbol(symbols: Xml.Element, name: str, colour: Colour, opacity: float) -> None:
    """Adds a fill with a border."""
    symbol = Xml.SubElement(symbols, "symbol", type="fill", name=name, alpha="1", clip_to_extent="1")
    layer = Xml.SubElement(symbol, "layer", {"class": "SimpleFill", "enabled": "1", "pass": "0", "locked": "0"})
    options = Xml.SubElement(layer, "Option", type="Map")
    red, green, blue = colour
    values = {
        "color": f"{red},{green},{blue},{round(255 * opacity)}",
        "outline_color": f"{red},{green},{blue},255",
        "outline_style": "solid",
        "outline_width": "0.4",
        "outline_width_unit": "MM",
        "style": "solid" if opacity else "no",
    }
    for key, value in values.items():
        Xml.SubElement(options, "Option", name=key, value=value, type="QString")
