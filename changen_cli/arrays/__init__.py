"""Arrays in memory: what a run does to files, for one image and its label maps."""
