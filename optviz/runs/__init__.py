"""Trainings: in this process (`training`), or each in its own (`jobs`)."""
