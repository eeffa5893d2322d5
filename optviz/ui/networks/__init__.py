"""The page Networks."""
