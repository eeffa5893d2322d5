"""One module a command: `EXAMPLE`, `add_arguments(parser)`, `run(options)`."""
