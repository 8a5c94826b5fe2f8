"""Figures of a model in training, on held-out crops."""
