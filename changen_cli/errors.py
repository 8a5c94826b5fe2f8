"""Every error changen raises on purpose.

A message says what was wrong, where (file, tile), and what to do about it; the command line prints it as one line and
exits with :attr:`ChangenError.exit_code`. Anything else that escapes is a bug.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the command ``changen`` exits with."""

    DONE = 0
    """All is done, or skipped for a recorded reason."""
    SOME_FAILED = 1
    """Finished; some tiles failed, and are listed. Also: an error that is changen's own."""
    UNUSABLE = 2
    """Arguments, input or output cannot be used; nothing was made."""
    INTERRUPTED = 130
    """Stopped by a signal; the same command goes on where it stopped."""


class ChangenError(Exception):
    """Base of all changen errors.

    Attributes:
        exit_code: What the command line exits with.
    """

    exit_code = ExitCode.UNUSABLE


class UsageError(ChangenError):
    """An argument, or a combination of arguments, that cannot be used."""


class SceneError(ChangenError):
    """An input raster, mask or vector file that cannot be used."""


class TileError(ChangenError):
    """One tile of an otherwise usable scene failed; recorded, and the run goes on.

    The run that met one ends with exit code 1.
    """

    exit_code = ExitCode.SOME_FAILED


class PluginError(ChangenError):
    """An event or synthesizer plugin that is unknown, cannot be loaded or breaks its contract."""


class WeightsError(ChangenError):
    """Weights that are missing, damaged (SHA-256), or made for another architecture."""


class StoreError(ChangenError):
    """An output that cannot be written, resumed or read."""


class TrainingError(ChangenError):
    """Training that cannot start or go on."""
