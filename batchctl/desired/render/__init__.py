"""Rendering: rows and templates become requests, in worker processes with limits."""
