"""The page Schedules."""
