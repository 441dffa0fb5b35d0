"""Templates: a sandboxed Jinja in which data stays data and every error has a place."""
