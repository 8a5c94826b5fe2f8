"""Figures that tell how good a synthesised series is. One figure, one file, each with ``update`` and ``compute``."""
