"""An existing batch file as a manifest and its rows: what all requests share is written once, the rest is data."""
