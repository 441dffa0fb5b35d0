"""How one vendor's Batch API differs from another's, on the server's side, as plain data.

A further dialect is a further value here. Where a difference cannot be said with the fields there are
(a way of paging, a filter), it becomes a new field that every value fills in, not a branch on `name`.

None of this was checked against a live service. Where a vendor's documentation leaves a question open,
the value takes the form of its samples, and a comment says so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from batchctl.server.ids import HEX_IDS, Ids
from batchctl.server.paging import BY_CURSOR, BY_LAST_ID, BY_LAST_ID_WITH_NULLS, Paging
from batchctl.server.shapes import PLAIN, Shape, errors_list, errors_text
from batchctl.words.audio import AUDIO

HOUR_S = 3_600
DAY_S = 24 * HOUR_S
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ServerDialect:
    """One vendor's rules, as far as a client can observe them; the defaults are OpenAI's."""

    name: str
    endpoints: tuple[str, ...]
    """Values of a batch's `endpoint` and of its lines' `url`."""
    prefix: str = "/v1"
    """Path in front of `/files` and `/batches`."""

    # Who is let in.
    key_headers: tuple[str, ...] = ("authorization",)
    """Any one of these may carry the key."""
    gateway_headers: tuple[str, ...] = ()
    """A call needs one of these, else it is refused as by a gateway that knows no provider to ask."""

    # What a create call may ask for.
    parameters: tuple[str, ...] = (
        "input_file_id",
        "endpoint",
        "completion_window",
        "metadata",
        "output_expires_after",
    )
    drops_unknown: bool = False
    """Other parameters are ignored; else refused."""
    windows_s: tuple[int, int] = (DAY_S, DAY_S)
    """Shortest and longest completion window that is a time."""
    window_words: tuple[str, ...] = ()
    """Completion windows that are words; they count as the shortest time."""
    default_window: str | None = None
    metadata_strings: bool = True
    """Values of metadata are strings, within OpenAI's limits; else any JSON."""

    # What a file may be and hold.
    file_purposes: tuple[str, ...] = ("batch",)
    max_upload_bytes: int = 200 * MIB
    max_input_bytes: int = 200 * MIB
    """Of a file that a batch is made from."""
    min_requests: int = 1
    max_requests: int = 50_000
    max_embedding_inputs: int = 50_000
    one_model: bool = True
    """All lines name the same model."""
    mixed_urls: bool = False
    """A line may be for another of the endpoints than its batch."""
    bad_line_fails: bool = True
    """A bad line fails its batch; else it is told of, and the others run."""
    max_validation_errors: int = 100
    input_retention_s: int = 30 * DAY_S
    """Life of an uploaded file that names no expiry of its own."""
    expiry_s: tuple[int, int] | None = (HOUR_S, 30 * DAY_S)
    """Smallest and largest `seconds` of `expires_after` and `output_expires_after`; None: ignored."""

    # The life of a batch.
    queued_s: float | None = None
    """How long a checked batch is `queued`; None: there is no such status."""
    cancel_method: str = "POST"
    cancel_path: str = "/cancel"
    """Below `/batches/{id}`."""
    tells_outage: bool = False
    """A batch whose upstream cannot be connected to says so in its `errors` while it waits."""
    dead_paths: tuple[str, ...] = ()
    """Below `/batches/{id}`: there, but no method is allowed."""
    output_path: str | None = None
    """Below `/batches/{id}`: gives the output file's content."""

    # What the replies look like.
    ids: Ids = HEX_IDS
    paging: Paging = BY_LAST_ID
    batches_page: tuple[int, int] = (20, 100)
    """Default and largest number of batches on a page."""
    files_page: tuple[int, int] = (10_000, 10_000)
    ids_per_list: int = 0
    """How many `id` parameters the list of batches takes."""
    shape: Shape = PLAIN
    content_type: str = "application/octet-stream"
    """Of a file's content."""
    error_fields: tuple[str, ...] = ("message", "type", "param", "code")
    names_provider: bool = False
    """Errors name the provider behind the gateway."""


OPENAI = ServerDialect(
    name="openai",
    endpoints=(
        "/v1/responses",
        "/v1/chat/completions",
        "/v1/embeddings",
        "/v1/completions",
        "/v1/moderations",
        "/v1/images/generations",
        "/v1/images/edits",
        "/v1/videos",
    ),
    max_upload_bytes=512 * MIB,
)

# OpenAI's, with two endpoints more, and every window from an hour to a week: the embedded server stands in
# for the other vendors too, and whoever tries a job there should not meet a refusal that the job's real
# provider would not give.
LOCAL = replace(
    OPENAI,
    name="local",
    endpoints=(*OPENAI.endpoints, *AUDIO),
    windows_s=(HOUR_S, 7 * DAY_S),
    tells_outage=True,
)

# Open, and taken from the samples: `errors` is a bare list, also on a completed batch, whose `total` leaves
# the bad lines out; `finalizing_at` is null on a completed batch; lines for several endpoints share a file.
# Open, and assumed: all windows between 24h and 7d, OpenAI's limits of metadata, 200 MB as in the guide (the
# SDK says 100), pages of 20 batches, parameters of a list that are not documented are ignored.
GROQ = ServerDialect(
    name="groq",
    endpoints=("/v1/chat/completions", *AUDIO),
    prefix="/openai/v1",
    parameters=("input_file_id", "endpoint", "completion_window", "metadata"),
    windows_s=(DAY_S, 7 * DAY_S),
    one_model=False,
    mixed_urls=True,
    bad_line_fails=False,
    expiry_s=None,
    ids=Ids(file_prefix="file_", ulid=True),
    paging=BY_CURSOR,
    ids_per_list=200,
    shape=Shape(
        file_omits=frozenset({"status", "status_details", "expires_at"}),
        batch_omits=frozenset({"model", "usage"}),
        batch_nulls=frozenset({"finalizing_at"}),
        errors=errors_list,
    ),
    error_fields=("message", "type"),
)

# Open, and taken from the samples: `errors` is a string; three timestamps are null also on a completed batch;
# `request_counts` is null in the reply to a cancel call, metadata in the reply to a create call. Open, and
# assumed: newest first, one model per batch, OpenAI's envelope of errors, POST …/cancel is not allowed. The
# sample's status "calling" in the reply to a cancel call is taken for a slip, and is "cancelling" here.
CEREBRAS = ServerDialect(
    name="cerebras",
    endpoints=("/v1/chat/completions",),
    parameters=("input_file_id", "endpoint", "completion_window", "metadata"),
    metadata_strings=False,
    min_requests=10,
    input_retention_s=7 * DAY_S,
    queued_s=0.3,
    cancel_method="DELETE",
    cancel_path="",
    dead_paths=("/cancel",),
    ids=Ids(file_prefix="file"),
    paging=BY_LAST_ID_WITH_NULLS,
    files_page=(20, 100),
    shape=Shape(
        file_omits=frozenset({"status", "status_details"}),
        batch_omits=frozenset({"model", "usage"}),
        batch_nulls=frozenset({"in_progress_at", "expires_at", "finalizing_at"}),
        created_nulls=frozenset({"metadata"}),
        cancelled_nulls=frozenset({"request_counts"}),
        errors=errors_text,
    ),
    content_type="application/x-ndjson",
)

# The hosted product as a client sees it. Its replies are not documented beyond the samples, and are assumed
# to be the open source gateway's: OpenAI's objects passed through. `cancelling` is not among the documented
# statuses, nor is `expired`; the first has a documented word that fits, the second has none.
PORTKEY = replace(
    OPENAI,
    name="portkey",
    endpoints=(*OPENAI.endpoints, *AUDIO),
    key_headers=("x-portkey-api-key", "authorization"),
    gateway_headers=("x-portkey-provider", "x-portkey-config", "x-portkey-virtual-key"),
    drops_unknown=True,
    windows_s=(DAY_S, 7 * DAY_S),
    window_words=("immediate",),
    default_window="24h",
    output_path="/output",
    shape=Shape(status_words=(("cancelling", "finalizing"),)),
    names_provider=True,
)

DIALECTS = {dialect.name: dialect for dialect in (GROQ, CEREBRAS, OPENAI, PORTKEY, LOCAL)}
