"""The command line: options to values, one call of the core, a view, and an exit code."""
