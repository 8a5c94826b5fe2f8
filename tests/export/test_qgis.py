from __future__ import annotations

from xml.etree import ElementTree as Xml

from changen_cli.export.qgis import by_value, outline


def test_a_style_has_a_symbol_for_each_value() -> None:
    root = Xml.fromstring(by_value("event", {"create": (0, 255, 0), "a<b": (1, 2, 3)}))
    renderer = root.find("renderer-v2")
    assert renderer is not None
    assert (renderer.get("type"), renderer.get("attr")) == ("categorizedSymbol", "event")
    categories = {one.get("value"): one.get("symbol") for one in root.iter("category")}
    fills = {
        symbol.get("name"): option.get("value")
        for symbol in root.iter("symbol")
        for option in symbol.iter("Option")
        if option.get("name") == "color"
    }
    assert {value: fills[symbol] for value, symbol in categories.items()} == {
        "create": "0,255,0,128",
        "a<b": "1,2,3,128",
    }


def test_borders_alone_have_no_fill() -> None:
    options = {one.get("name"): one.get("value") for one in Xml.fromstring(outline((9, 8, 7))).iter("Option")}
    assert options["style"] == "no"
    assert options["outline_color"] == "9,8,7,255"
