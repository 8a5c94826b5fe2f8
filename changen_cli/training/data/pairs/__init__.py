"""A detector's training samples: pairs from a store, and pairs that are synthesised while it trains."""
