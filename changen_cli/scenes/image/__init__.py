"""Pixels of a scene: the reading grid, bands, resampling and rescaling."""
