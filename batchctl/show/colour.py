"""Whether to colour, and with what; colour only repeats what the text says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36"}


@dataclass(frozen=True, slots=True)
class Palette:
    """Paints text, or leaves it as it is."""

    enabled: bool = False

    def __call__(self, style: str, text: str) -> str:
        """`style` is words such as "bold red"."""
        if not self.enabled or not text:
            return text
        codes = ";".join(_CODES[word] for word in style.split())
        return f"\x1b[{codes}m{text}\x1b[0m"


PLAIN = Palette()


def wants_colour(choice: str, environ: Mapping[str, str], is_terminal: bool) -> bool:
    """`--color`, then NO_COLOR, then FORCE_COLOR, then TERM=dumb, then whether it is a terminal."""
    if choice != "auto":
        return choice == "always"
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return environ["FORCE_COLOR"] not in ("0", "false")
    return is_terminal and environ.get("TERM") != "dumb"
