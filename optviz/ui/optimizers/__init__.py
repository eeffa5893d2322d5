"""The page Optimizers."""
