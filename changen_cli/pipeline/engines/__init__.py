"""Engines: what has shards prepared and committed, in this process, in others, or on other machines."""
