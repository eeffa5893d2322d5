"""Trainings: in this process (`training`), or kept in the store and resumable (`jobs`)."""
