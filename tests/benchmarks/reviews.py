"""Product reviews as CSV, about 300 bytes a row: the same bytes for the same number, on every machine."""

from __future__ import annotations

import csv
import os
import random
from pathlib import Path

COLUMNS = ("id", "product", "stars", "title", "text")

_PRODUCTS = ("kettle", "desk lamp", "backpack", "bike light", "coffee grinder", "tent", "headphones", "garden hose")
_TITLES = ("Quiet and quick", "Stopped after a week", "Good value", "Too small", "Exactly as described", "Würde ich "
           "wieder kaufen", "Not for me", "Second one we bought")
_VOCABULARY = """\
the a it this that my we they handle lid switch cable colour box price shop parcel broke works boils holds leaks
fits shines lasts arrived returned again never always quickly slowly after before with without because although and
but so very quite rather small large heavy light cheap solid day week month year kitchen garden office travel
morning 5" 230 V café für größe naïve 良い"""
_SENTENCES = 4096


def write_reviews(path: Path, rows: int) -> None:
    """Writes `rows` reviews. A few of the texts hold a quote, a comma or a line end, as such texts do."""
    chance = random.Random(20261101)
    sentences = [_sentence(chance, _VOCABULARY.split()) for _ in range(_SENTENCES)]
    unfinished = path.with_name(path.name + ".part")
    with open(unfinished, "w", encoding="utf-8", newline="") as file:
        write = csv.writer(file, lineterminator="\n").writerow
        write(COLUMNS)
        for number in range(rows):
            bits = chance.getrandbits(64)
            text = " ".join(sentences[(bits >> shift) % _SENTENCES] for shift in (0, 12, 24))
            if bits >> 56 == 0:
                text = text.replace(". ", ".\n")
            product, stars, title = _PRODUCTS[(bits >> 36) % 8], 1 + (bits >> 40) % 5, _TITLES[(bits >> 44) % 8]
            write((f"r-{number:07}", product, stars, title, text))
    os.replace(unfinished, path)


def _sentence(chance: random.Random, vocabulary: list[str]) -> str:
    words = chance.choices(vocabulary, k=chance.randint(8, 22))
    return " ".join(words).capitalize() + chance.choice((".", ".", ".", "!", ", I think."))
