"""The job that all pipelines render: a system and a user message, with a filter and a loop, about 1 kB a request."""

from __future__ import annotations

from typing import Any

LABELS = ("positive", "negative", "mixed", "parcel")

SYSTEM = """\
You label reviews of the product "{{ row.product | upper }}" for the quality team of a shop. Read the review as a \
whole, then answer with exactly one of the labels below, in lower case and without a full stop. Sarcasm counts as what \
it means, and a complaint about delivery alone is about the parcel. If the language is not English, label it all the \
same. The labels are:
{% for label in vars.labels %}- {{ label }}
{% endfor %}"""

USER = """\
{{ row.title }} ({{ row.stars }} of 5 stars)
{{ row.text }}
"""

MODEL = "gpt-5.4-nano"
ENDPOINT = "/v1/chat/completions"
REQUESTS_IN_A_SHARD = 50_000


def body() -> dict[str, Any]:
    """The body of a request, its templates not rendered."""
    return {
        "model": MODEL, "temperature": 0, "max_completion_tokens": 8,
        "messages": [{"role": "system", "content": SYSTEM}, {"role": "user", "content": USER}],
    }  # fmt: skip
