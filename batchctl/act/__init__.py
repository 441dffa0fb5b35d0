"""Carrying out: looking at providers, walking plans, fetching results, writing sinks."""
