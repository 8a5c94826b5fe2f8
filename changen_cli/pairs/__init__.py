"""Pairs of images with what changed between them, whatever they come from: series of changen, or other data sets."""
