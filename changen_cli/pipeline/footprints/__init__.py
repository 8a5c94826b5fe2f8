"""Footprints of scenes that have none, read from their images: ``changen generate --footprints auto``."""
