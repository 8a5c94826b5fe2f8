"""Networks; no input or output."""
