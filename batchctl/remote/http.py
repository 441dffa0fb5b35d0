"""HTTP to one provider: the only module that imports httpx. Keeps keys out of every message."""

from __future__ import annotations

import ipaddress
import json
import math
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO

import httpx
import orjson

from batchctl import __version__
from batchctl.remote import retry
from batchctl.remote.multipart import Form
from batchctl.remote.pace import WITHIN_S, Sending, TooSlow, begun_within, flowing
from batchctl.remote.retry import Failure, RetryRule
from batchctl.remote.unpacking import ASKED, Bomb, unpacked
from batchctl.words.audio import Part
from batchctl.words.errors import OutcomeUnknown, Refusal, RemoteError, Unavailable

_MAX_JSON = 64 << 20
_SHOWN = 500
#: Bytes of an answer that are looked at for a message: far more than is shown, so that no secret is cut in two.
_READ = 1 << 16
_CONNECT_S = 10.0
_UNAUTHORIZED = 401

#: Failures of httpx that happen before a byte of the request has left.
_BEFORE_SENDING = (
    httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.ProxyError,
)

Params = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class FilePart:
    """The file of a multipart upload. `open` is called anew for each try, so that nothing is sent half."""

    name: str
    open: Callable[[], BinaryIO]


@dataclass(frozen=True, slots=True)
class _Answer:
    """One try's end: either `value` is usable, or `failure` says how it went wrong."""

    failure: Failure | None = None
    value: Any = None
    status: int = 0
    message: str = ""
    error_code: str | None = None
    retry_after_s: float | None = None


@dataclass(slots=True)
class Http:
    """Calls to one base URL with one set of credentials. `secrets` are cut out of every message; `hints` are notes to a
    refusal with that HTTP status; `begun_s` is how long an answer may take to begin, once its request is sent. Past
    `deadline`, a monotonic time, reads are no longer repeated."""

    base_url: str
    headers: Mapping[str, str] = field(repr=False)
    secrets: Sequence[str] = field(default=(), repr=False)
    hints: Mapping[int, str] = field(default_factory=dict)
    transport: httpx.BaseTransport | None = None
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    rng: random.Random = field(default_factory=random.Random)
    begun_s: float = 180.0
    deadline: float = math.inf
    _client: httpx.Client | None = None
    _date: tuple[float, float] | None = None

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def now_there(self, otherwise: float) -> float:
        """Unix time by the server's clock, as its answers are dated; `otherwise` where they are not. What it says of
        times is to be measured by this one: the clock of this machine may be years off, or jump."""
        if self._date is None:
            return otherwise
        there, then = self._date
        return there + self.monotonic() - then

    def json(self, method: str, path: str, rule: RetryRule, *, params: Params = (), body: Any = None,
             read_s: float = WITHIN_S) -> Any:
        """The JSON object that the provider answers with; `read_s` is how long it may be silent meanwhile.

        Raises Refusal (nothing was made), OutcomeUnknown (a write whose answer was lost) or Unavailable.
        """
        content = None if body is None else orjson.dumps(body)
        extra = {} if content is None else {"content-type": "application/json"}
        makes = method != "GET" and rule is not retry.REPEATABLE
        return self._tried(method, path, rule, lambda: self._send(
            method, path, read_s, within_s=read_s, makes=makes, params=params, content=content, headers=extra))

    def form(self, path: str, parts: Sequence[Part], rule: RetryRule, *, read_s: float) -> Any:
        """Sends a multipart form that is at hand, and returns the JSON answer; one in plain text, as a transcript may
        be, comes as an object with `text`. Raises as `json`."""
        return self._tried("POST", path, rule, lambda: self._send(
            "POST", path, read_s, within_s=read_s, makes=True, plain=True, files=list(parts)))

    def twin(self) -> Http:
        """The same with connections of its own, for another thread: an answer that does not begin in time costs the
        others nothing."""
        return replace(self, _client=None)

    def apart(self, begun_s: float) -> Http:
        """A twin for single requests. Of the hints those stay that are about the key, and not about files and
        batches."""
        hints = {status: hint for status, hint in self.hints.items() if status == _UNAUTHORIZED}
        return replace(self.twin(), begun_s=begun_s, hints=hints)

    def upload(self, path: str, fields: Mapping[str, str], file: FilePart, rule: RetryRule) -> Any:
        """Sends a multipart form, streamed, with its file last, and returns the JSON answer. Raises as `json`."""

        def once() -> _Answer:
            with file.open() as opened:
                form = Form(fields, file.name, Sending(opened, rule.deadline_s, self.monotonic))
                about = {"content-type": form.content_type, "content-length": str(form.length)}
                return self._send("POST", path, 600.0, makes=True, sent_s=rule.deadline_s + 600.0, headers=about,
                                  content=form.blocks())

        return self._tried("POST", path, rule, once)

    @contextmanager
    def stream(self, path: str, headers: Mapping[str, str]) -> Iterator[Download]:
        """One try at a download. Raises Refusal or Unavailable; what breaks off later raises Unavailable too."""
        try:
            with self._begun(0.0, "GET", path, headers=dict(headers), timeout=_timeouts(60.0)) as got:
                blocks = self._blocks(got)
                if got.status_code not in (200, 206):
                    raise self._error("GET", path, self._judge(got, _first(blocks), makes=False))
                yield Download(got.status_code, {name.lower(): value for name, value in got.headers.items()}, blocks)
        except (httpx.HTTPError, httpx.InvalidURL, TooSlow, Bomb) as error:
            raise Unavailable(f"GET {path}: {self._clean(_told(error))}") from error

    def _tried(self, method: str, path: str, rule: RetryRule, send: Callable[[], _Answer]) -> Any:
        deadline = self.monotonic() + rule.deadline_s
        if rule is retry.READ or rule is retry.ASK:
            deadline = min(deadline, self.deadline)
        attempt = 1
        while True:
            answer = send()
            if answer.failure is None:
                return answer.value
            if answer.failure in rule.unknown:
                raise OutcomeUnknown(self._said(method, path, answer))
            pause_s = retry.wait_s(attempt, answer.retry_after_s, self.rng)
            late = self.monotonic() + pause_s > deadline or pause_s > retry.LONGEST_RETRY_AFTER_S
            if answer.failure not in rule.again or attempt >= rule.tries or late:
                raise self._error(method, path, answer)
            self.sleep(pause_s)
            attempt += 1

    @contextmanager
    def _begun(self, sent_s: float, method: str, path: str, **request: Any) -> Iterator[httpx.Response]:
        """An answer that has begun; `sent_s` is how long its request may take to be sent."""
        client = self._open()
        with ExitStack() as stack:
            with begun_within(sent_s + self.begun_s, client.close):
                got = stack.enter_context(client.stream(method, self._url(path), **request))
            date = retry.date_of(got.headers.get("date", ""))
            self._date = self._date if date is None else (date, self.monotonic())
            yield got

    def _send(self, method: str, path: str, read_s: float, *, makes: bool, plain: bool = False, sent_s: float = 0.0,
              within_s: float = WITHIN_S, **request: Any) -> _Answer:
        try:
            with self._begun(sent_s, method, path, timeout=_timeouts(read_s), **request) as got:
                body = bytearray()
                for block in self._blocks(got, within_s):
                    body += block
                    if len(body) > _MAX_JSON:
                        return _Answer(Failure.BROKEN, status=got.status_code, message="the answer is too large")
                return self._judge(got, bytes(body), makes=makes, plain=plain)
        except _BEFORE_SENDING as error:
            return _Answer(Failure.NOT_SENT, message=self._clean(_told(error)))
        except Bomb as error:
            return _Answer(Failure.BROKEN, message=self._clean(_told(error)))
        except (httpx.HTTPError, httpx.InvalidURL, TooSlow) as error:
            return _Answer(Failure.NO_ANSWER, message=self._clean(_told(error)))

    def _blocks(self, got: httpx.Response, within_s: float = WITHIN_S) -> Iterator[bytes]:
        """The content of an answer as it comes. Raises TooSlow or Bomb."""
        coding = got.headers.get("content-encoding", "")
        return flowing(unpacked(got.iter_bytes(), coding, lambda: got.num_bytes_downloaded), self.monotonic, within_s)

    def _judge(self, got: httpx.Response, body: bytes, *, makes: bool, plain: bool = False) -> _Answer:
        failure = retry.classify(got.status_code, makes=makes)
        for secret in self.secrets:
            # A server that repeats the key, in the errors of a batch for one, does not bring it to screens or files.
            if secret:
                body = body.replace(secret.encode(), b"[secret]")
        if plain and failure is None and got.headers.get("content-type", "").startswith("text/plain"):
            return _Answer(value={"text": body.decode(errors="replace")}, status=got.status_code)
        value: Any = None
        try:
            value = _loads(body)
        except (ValueError, RecursionError):
            failure = failure or Failure.BROKEN
        if failure is None and not isinstance(value, dict | list):
            failure = Failure.BROKEN
        if failure is None:
            return _Answer(value=value, status=got.status_code)
        message, code = error_of(value, body)
        return _Answer(
            failure, status=got.status_code, message=self._clean(message),
            error_code=None if code is None else self._clean(code),
            retry_after_s=retry.retry_after_s(
                {name.lower(): text for name, text in got.headers.items()}, self.now_there(self.now())),
        )

    def _error(self, method: str, path: str, answer: _Answer) -> RemoteError:
        said = self._said(method, path, answer)
        if answer.failure in (Failure.REFUSED, Failure.BUSY):
            hint = self.hints.get(answer.status)
            return Refusal(said, status=answer.status, error_code=answer.error_code,
                           retry_after_s=answer.retry_after_s, notes=[hint] if hint else [])
        return Unavailable(said, retry_after_s=answer.retry_after_s)

    def _said(self, method: str, path: str, answer: _Answer) -> str:
        status = f"{answer.status} " if answer.status else ""
        return f"{method} {self.base_url}{path}: {status}{answer.message}".rstrip()

    def _open(self) -> httpx.Client:
        if self._client is None or self._client.is_closed:
            usual = {"user-agent": f"batchctl/{__version__}", "accept-encoding": ASKED}
            # Without TLS there is nothing to verify, and reading the certificates takes 20 ms.
            secure = not self.base_url.startswith("http:")
            self._client = httpx.Client(headers={**usual, **self.headers}, transport=self.transport, verify=secure,
                                        mounts=_past_proxies(self.base_url))
        return self._client

    def _url(self, path: str) -> str:
        return self.base_url + path

    def _clean(self, text: str) -> str:
        for secret in self.secrets:
            if secret:
                text = text.replace(secret, "[secret]")
        return text[:_SHOWN]


@dataclass(frozen=True, slots=True)
class Download:
    """A download under way. `status` is 200, or 206 where the server continued from an offset."""

    status: int
    headers: Mapping[str, str]
    blocks: Iterator[bytes]


def _first(blocks: Iterable[bytes]) -> bytes:
    """As much of an answer as is looked at for a message."""
    body = bytearray()
    for block in blocks:
        body += block
        if len(body) >= _READ:
            break
    return bytes(body[:_READ])


def _loads(body: bytes) -> Any:
    """Raises ValueError or RecursionError. Of half a character, with which a text that was cut may end, it makes a
    question mark: else one message of one batch would make a whole list unreadable."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return orjson.loads(json.dumps(json.loads(body), ensure_ascii=False).encode(errors="replace"))


def error_of(value: Any, body: bytes) -> tuple[str, str | None]:
    """The message and the code of an error answer, in any of the envelopes that servers use."""
    if isinstance(value, dict):
        error = value.get("error", value.get("detail", value.get("message", value.get("html-message"))))
        if isinstance(error, dict):
            code = error.get("code") or error.get("type")
            return str(error.get("message") or error), None if code is None else str(code)
        if error is not None:
            return str(error), None
    return body[:_READ].decode(errors="replace"), None


def _past_proxies(base_url: str) -> dict[str, None]:
    """What keeps calls to this machine from the proxy of the environment, which cannot reach it."""
    host = httpx.URL(base_url).host
    try:
        here = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        here = False
    return {f"all://[{host}]" if ":" in host else f"all://{host}": None} if here else {}


def _timeouts(read_s: float) -> httpx.Timeout:
    return httpx.Timeout(read_s, connect=_CONNECT_S, pool=_CONNECT_S)


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
