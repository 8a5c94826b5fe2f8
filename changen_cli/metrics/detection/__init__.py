"""How well change is detected: what is counted, and what an evaluation found."""
