"""The page Trainings."""
