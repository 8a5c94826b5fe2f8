"""Mosaics: the history of a whole scene in rasters of its full size."""
