"""What differs between two dates besides the change: light, season, haze, registration, sharpness, noise.

A condition changes images alone, never labels. :func:`changen_cli.conditions.apply.apply_conditions` is the way in.
"""
