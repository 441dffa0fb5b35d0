"""How one batch API differs from the others, as values: nothing here does anything."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

DAY_S = 24 * 3600

#: What an endpoint's request body must hold, and where a prompt goes in it.
BodyKind = Literal["chat", "responses", "embeddings", "completions", "audio", "images", "moderations", "other"]

#: Statuses of the protocol that mean "nothing further will happen".
ENDED = frozenset({"completed", "failed", "expired", "cancelled"})
STATUSES = ("validating", "failed", "in_progress", "finalizing", "completed", "expired", "cancelling", "cancelled")

#: Spellings seen in the wild, and what they mean.
STATUS_ALIASES = {"canceled": "cancelled", "canceling": "cancelling", "calling": "cancelling", "in_queue": "queued"}


@dataclass(frozen=True, slots=True)
class Limits:
    """What one input file may hold. Where sources disagree, `max_bytes` is the smaller figure, to which shards
    are cut, and `refused_bytes` the larger, above which a single request is refused."""

    max_requests: int = 50_000
    min_requests: int = 1
    max_bytes: int = 200_000_000
    refused_bytes: int = 200_000_000
    max_inputs: int | None = None
    max_enqueued_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Metadata:
    """Whether a batch takes metadata, and within which bounds (characters). `lists`: a value may be a list of texts,
    and not only a text."""

    supported: bool = True
    lists: bool = False
    max_pairs: int = 16
    max_key: int = 64
    max_value: int = 512


@dataclass(frozen=True, slots=True)
class Dialect:
    """One way of speaking the Files and Batches protocol.

    `base_url` ends without a slash, and paths are appended to it. `api_key_env` is the variable that the vendor's own
    SDK reads, and `auth` the header that carries the key, with what stands before it. `windows_s` is the shortest and
    the longest completion window in seconds, and `window_words` are windows that are no time. `cancel` are the calls
    that cancel, to be tried in order where one is not known (404 or 405). `pages` is the parameter that asks for the
    next page of a list; `list_page` and `file_page` are the `limit` that the lists of batches and of files are asked
    with (None: no limit is sent), and `status_ids` how many ids one status call may name (0: none). `one_of_headers`:
    a request needs one of these. `statuses` and `errors` (the forms of that field) are what the vendor documents; what
    others send is understood everywhere. `retention_days` is how long files are kept, and `discount` the share of the
    synchronous price that is saved; None: not published. `notes` are for people. `unverified` are statements that no
    source settles: both ways are tolerated.
    """

    name: str
    base_url: str | None
    api_key_env: str | None
    endpoints: tuple[tuple[str, BodyKind], ...]
    windows_s: tuple[int, int] = (DAY_S, DAY_S)
    window_words: tuple[str, ...] = ()
    limits: Limits = Limits()
    metadata: Metadata = Metadata()
    one_model_per_file: bool = True
    mixed_endpoints: bool = False
    capacity_codes: frozenset[str] = frozenset({"token_limit_exceeded"})
    cancel: tuple[tuple[str, str], ...] = (("POST", "/batches/{id}/cancel"),)
    pages: Literal["after", "cursor"] = "after"
    list_page: int | None = 100
    file_page: int | None = None
    status_ids: int = 0
    output_expiry_s: tuple[int, int] | None = None
    auth: tuple[str, str] = ("authorization", "Bearer ")
    one_of_headers: tuple[str, ...] = ()
    statuses: tuple[str, ...] = STATUSES
    errors: tuple[str, ...] = ("object",)
    retention_days: int | None = 30
    discount: Decimal | None = Decimal("0.5")
    notes: tuple[str, ...] = ()
    unverified: tuple[str, ...] = ()

    def body_kind(self, endpoint: str) -> BodyKind | None:
        """The kind of body that this endpoint takes, or None where the dialect does not know the endpoint."""
        return dict(self.endpoints).get(endpoint)


CHAT: tuple[str, BodyKind] = ("/v1/chat/completions", "chat")
AUDIO: tuple[tuple[str, BodyKind], ...] = (("/v1/audio/transcriptions", "audio"), ("/v1/audio/translations", "audio"))

OPENAI_ENDPOINTS: tuple[tuple[str, BodyKind], ...] = (
    CHAT,
    ("/v1/responses", "responses"),
    ("/v1/embeddings", "embeddings"),
    ("/v1/completions", "completions"),
    ("/v1/moderations", "moderations"),
    ("/v1/images/generations", "images"),
    ("/v1/images/edits", "images"),
    ("/v1/videos", "other"),
)

OPENAI = Dialect(
    name="openai",
    base_url="https://api.openai.com/v1",
    api_key_env="OPENAI_API_KEY",
    endpoints=OPENAI_ENDPOINTS,
    limits=Limits(max_inputs=50_000),
    output_expiry_s=(3600, 30 * DAY_S),
    notes=(
        "a file of embeddings may ask for 50,000 inputs over all its requests",
        "a batch that fails with token_limit_exceeded found the account's queue full: its file is sent again later; "
        "batch.max_enqueued_tokens keeps below the limit of a model",
        "an organization and a project may be named under provider",
    ),
    unverified=(
        "the longest custom_id (batchctl's have at most 64 characters)",
        "whether cancelled requests have lines in the error file",
        "whether downloads can be continued (where not, they start again)",
    ),
)

GROQ = Dialect(
    name="groq",
    base_url="https://api.groq.com/openai/v1",
    api_key_env="GROQ_API_KEY",
    endpoints=(CHAT, *AUDIO),
    windows_s=(DAY_S, 7 * DAY_S),
    # Groq's guide says 200 MB, the docstrings of its SDK say 100 MB.
    limits=Limits(max_bytes=100_000_000),
    mixed_endpoints=True,
    pages="cursor",
    list_page=None,
    status_ids=200,
    errors=("list", "object"),
    notes=("the guide advises about 1,000 requests a batch: batch.max_requests",),
    unverified=(
        "whether 100 or 200 MB is the limit of a file (shards stay under 100)",
        "windows other than 24h and 7d",
        "whether `errors` is a list or an object",
        "limits of metadata",
        "whether a bad line fails the whole batch",
        "whether lines for several endpoints may share a file",
    ),
)

CEREBRAS = Dialect(
    name="cerebras",
    base_url="https://api.cerebras.ai/v1",
    api_key_env="CEREBRAS_API_KEY",
    endpoints=(CHAT,),
    limits=Limits(min_requests=10),
    metadata=Metadata(lists=True),
    cancel=(("DELETE", "/batches/{id}"), ("POST", "/batches/{id}/cancel")),
    file_page=100,
    statuses=("queued", *STATUSES),
    errors=("text", "object"),
    retention_days=7,
    discount=None,
    notes=(
        "fewer than 10 requests are held until there are more; they are never padded",
        "batches are a private preview, and the models that take part are checked when a batch is made",
    ),
    unverified=(
        "whether POST cancels as well as DELETE",
        "the order of the list of batches",
        "the form of lines in the error file",
        "limits of metadata",
        "whether all lines must name one model",
    ),
)

PORTKEY = Dialect(
    name="portkey",
    base_url="https://api.portkey.ai/v1",
    api_key_env="PORTKEY_API_KEY",
    endpoints=(*OPENAI_ENDPOINTS, *AUDIO),
    windows_s=(DAY_S, 7 * DAY_S),
    window_words=("immediate",),
    limits=Limits(max_inputs=50_000),
    output_expiry_s=(3600, 30 * DAY_S),
    auth=("x-portkey-api-key", ""),
    one_of_headers=("x-portkey-provider", "x-portkey-config", "x-portkey-virtual-key"),
    retention_days=None,
    statuses=("validating", "in_progress", "finalizing", "completed", "failed", "cancelled"),
    discount=None,
    notes=(
        "limits, statuses and prices are those of the provider behind the gateway",
        "@slug names an entry of the hosted model catalogue; x-portkey-virtual-key and x-portkey-config do as well; "
        "x-portkey-trace-id and x-portkey-metadata are sent along",
        "one that you run yourself: its base_url, x-portkey-provider: openai, and the provider's key as "
        "Authorization: {env: OPENAI_API_KEY, prefix: \"Bearer \"}",
        "groq and cerebras have no batches in the gateway; name openai, and their address in x-portkey-custom-host",
        "a config must not retry or choose among targets: a create could be carried out twice",
        "completion_window: immediate has the gateway send the requests itself, without a batch price",
    ),
    unverified=("replies of the hosted gateway", "statuses that the documentation leaves out (expired, cancelling)"),
)

LOCAL = Dialect(
    name="local",
    base_url=None,
    api_key_env=None,
    endpoints=(*OPENAI_ENDPOINTS, *AUDIO),
    windows_s=(3600, 7 * DAY_S),
    retention_days=None,
    discount=None,
    notes=("batchctl's own server on this machine: no key and no network; an echo, or any endpoint as upstream",),
)

#: Dialects by the name that a manifest gives.
DIALECTS: dict[str, Dialect] = {dialect.name: dialect for dialect in (GROQ, CEREBRAS, OPENAI, PORTKEY, LOCAL)}


def parse_window(text: str) -> int | None:
    """Seconds of a completion window such as `24h` or `7d`, or None when it is not of that form."""
    number, unit = text[:-1], text[-1:]
    if not number.isascii() or not number.isdigit() or len(number) > 6 or unit not in ("h", "d") or int(number) == 0:
        return None
    return int(number) * (3600 if unit == "h" else DAY_S)
