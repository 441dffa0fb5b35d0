"""Manifests: YAML files to jobs, with every mistake shown where it stands."""

from batchctl.desired.manifest.load import Loaded, load, parse_text

__all__ = ["Loaded", "load", "parse_text"]
