"""P(I_t, S_t): tiles read from rasters and footprints."""
