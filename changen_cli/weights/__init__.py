"""Trained weights: safetensors with a card beside it, found by name or path, verified before use."""
