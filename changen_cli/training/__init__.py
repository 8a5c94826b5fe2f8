"""One engine of training: of generators (Algorithm 1) and whatever is compared with them, and of change detectors."""
