"""The folder of a run: logs, curves, sample sheets, checkpoints."""
