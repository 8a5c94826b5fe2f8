"""Change detectors at work: what predicts change in a pair of images, and what is made of rasters of any size."""
