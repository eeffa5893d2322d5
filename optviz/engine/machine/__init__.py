"""What a machine is asked for: number formats, compilers, caches and memory."""
