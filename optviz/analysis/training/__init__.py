"""What trainings tell: curves, bad signs, tables and weights."""
