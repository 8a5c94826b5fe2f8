"""The version of changen; packaging reads it from here too."""

__version__ = "0.1.0"
