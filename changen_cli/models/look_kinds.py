"""Where the look of a region can come from. Worker processes import this: no torch."""

from __future__ import annotations

OWN, BORROWED, DRAWN = range(3)
"""Its own, or another object's where it was not seen before; another object's (the ground, of which there is one, has
its own); a new one. Where there is nobody to borrow from, it is new too."""
