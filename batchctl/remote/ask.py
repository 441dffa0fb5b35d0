"""One request through the synchronous endpoint that a batch's line stands for, at the same account."""

from __future__ import annotations

from typing import Any

from batchctl.remote import retry
from batchctl.remote.http import Http
from batchctl.words.audio import AUDIO, form


def ask(http: Http, url: str, body: dict[str, Any], *, timeout_s: float) -> Any:
    """The body of the answer. It costs: sent once, and again only where it cannot have been received or was turned
    away. `url` is the line's, whose `/v1` the base URL stands for (`https://api.groq.com/openai/v1`); audio goes as a
    form, which is all that those endpoints take.

    Raises Refusal, Unavailable, or OutcomeUnknown where it may have been answered, and charged, without our hearing it.
    """
    path = url.removeprefix("/v1")
    if url in AUDIO:
        return http.form(path, form(body), retry.ASK, read_s=timeout_s)
    return http.json("POST", path, retry.ASK, body=body, read_s=timeout_s)
