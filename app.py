"""The entry script."""
