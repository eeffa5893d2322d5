"""Loops that run the rules: `descend` on surfaces, `train` on networks."""
