"""How one vendor's Batch API differs from another's, on the server's side, as plain data.

A further dialect is a further value here. Where a difference cannot be said with the fields there are
(a way of paging, a filter), it becomes a new field that every value fills in, not a branch on `name`.
"""

from __future__ import annotations

from dataclasses import dataclass

DAY_S = 86_400
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ServerDialect:
    """One vendor's rules, as far as a client can observe them."""

    name: str
    prefix: str
    """Path in front of `/files` and `/batches`."""
    endpoints: tuple[str, ...]
    """Values of a batch's `endpoint` and of its lines' `url`."""
    file_purposes: tuple[str, ...]
    max_upload_bytes: int
    max_input_bytes: int
    """Of a file that a batch is made from."""
    min_requests: int
    max_requests: int
    max_embedding_inputs: int
    max_validation_errors: int
    input_retention_s: int
    """Life of an uploaded file that names no expiry of its own."""
    expiry_s: tuple[int, int]
    """Smallest and largest `seconds` of `expires_after` and `output_expires_after`."""
    batches_page: tuple[int, int]
    """Default and largest `limit` of the list of batches."""
    files_page: tuple[int, int]
    cancel_method: str
    cancel_path: str
    """Below `/batches/{id}`."""
    content_type: str
    """Of a file's content."""


# Two endpoints more than the vendor's list (audio), and every window from 1 hour to 7 days: the local
# server stands in for the other vendors too, and whoever tries a job here should not meet a refusal
# that the job's real provider would not give.
OPENAI = ServerDialect(
    name="openai",
    prefix="/v1",
    endpoints=(
        "/v1/responses",
        "/v1/chat/completions",
        "/v1/embeddings",
        "/v1/completions",
        "/v1/moderations",
        "/v1/images/generations",
        "/v1/images/edits",
        "/v1/videos",
        "/v1/audio/transcriptions",
        "/v1/audio/translations",
    ),
    file_purposes=("batch",),
    max_upload_bytes=512 * MIB,
    max_input_bytes=200 * MIB,
    min_requests=1,
    max_requests=50_000,
    max_embedding_inputs=50_000,
    max_validation_errors=100,
    input_retention_s=30 * DAY_S,
    expiry_s=(3_600, 30 * DAY_S),
    batches_page=(20, 100),
    files_page=(10_000, 10_000),
    cancel_method="POST",
    cancel_path="/cancel",
    content_type="application/octet-stream",
)

DIALECTS = {dialect.name: dialect for dialect in (OPENAI,)}
