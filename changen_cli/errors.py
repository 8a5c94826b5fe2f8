"""Every error changen raises on purpose.

A message says what was wrong, where (file, tile), and what to do about it; the command line prints it as one line and
exits with :attr:`ChangenError.exit_code`. Anything else that escapes is a bug.
"""

from __future__ import annotations


class ChangenError(Exception):
    """Base of all changen errors.

    Attributes:
        exit_code: What the command line exits with: 2, unusable arguments or input.
    """

    exit_code = 2


class UsageError(ChangenError):
    """An argument, or a combination of arguments, that cannot be used."""


class SceneError(ChangenError):
    """An input raster, mask or vector file that cannot be used."""


class TileError(ChangenError):
    """One tile of an otherwise usable scene failed; recorded, and the run goes on.

    The run that met one ends with exit code 1.
    """

    exit_code = 1


class PluginError(ChangenError):
    """An event or synthesizer plugin that is unknown, cannot be loaded or breaks its contract."""


class WeightsError(ChangenError):
    """Weights that are missing, damaged (SHA-256), or made for another architecture."""


class StoreError(ChangenError):
    """An output that cannot be written, resumed or read."""


class TrainingError(ChangenError):
    """Training that cannot start or go on."""
