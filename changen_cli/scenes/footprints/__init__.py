"""Footprints of a scene: from raster masks, vector files and xBD labels to polygons in pixel coordinates."""
