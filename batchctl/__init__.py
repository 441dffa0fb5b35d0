"""Declarative jobs over LLM batch APIs: plan what would be sent, apply it, and never pay for it twice."""

__version__ = "0.1.0"
