"""Rules for where new objects stand, one file a rule."""
