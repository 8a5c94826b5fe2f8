"""Training samples: scenes, crops and mini-batches."""
