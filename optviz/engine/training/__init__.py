"""Networks that are trained: one by one, or many runs in one program."""
