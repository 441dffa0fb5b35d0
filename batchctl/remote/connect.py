"""Opens providers: finds the key, starts or joins the local server, and keeps one connection an account."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from batchctl.remote.provider import Provider
from batchctl.words.dialects import DIALECTS, Dialect
from batchctl.words.digest import text_digest
from batchctl.words.errors import LocalServerError, RemoteError
from batchctl.words.gateway import credentials, double_maker
from batchctl.words.remote import Coordinates, FromEnvironment, HeaderValue

if TYPE_CHECKING:
    from batchctl.remote.http import Http
    from batchctl.server.launch import LocalServer

Headers = tuple[tuple[str, HeaderValue], ...]
#: One account, and for the local server the store that it belongs to.
_Place = tuple[Coordinates, Headers, Path | None]
HttpFactory = Callable[..., "Http"]


def _over_http(**settings: Any) -> Http:
    """Imports httpx, which takes longer than all else that a command imports, once there is somebody to talk to."""
    from batchctl.remote.http import Http

    return Http(**settings)


class Providers:
    """The providers that one command talks to. Close it to let the local server end.

    `runs` is False for commands that only look: the local server then starts, but runs no lines. `asks`: single
    requests are to be answered.
    """

    def __init__(self, *, runs: bool, asks: bool = False, environ: Mapping[str, str] = os.environ,
                 http: HttpFactory = _over_http) -> None:
        self._runs = runs
        self._asks = asks
        self._environ = environ
        self._http = http
        self._open: dict[_Place, Provider] = {}
        self._servers: dict[_Place, LocalServer] = {}
        self._deadline = math.inf
        self._exit = ExitStack()

    def __enter__(self) -> Providers:
        return self

    def __exit__(self, *exc: object) -> None:
        self._exit.close()

    def until(self, deadline: float | None) -> None:
        """Lets reads be repeated no longer than to this monotonic time: what a user set for the whole command."""
        self._deadline = math.inf if deadline is None else deadline
        for provider in self._open.values():
            provider.http.deadline = self._deadline

    def get(self, where: Coordinates, dialect: Dialect | None = None, headers: Headers = (), *, store: Path,
            upstream_api_key_env: str | None = None, concurrency: int = 8) -> Provider:
        """The provider at these coordinates; `dialect` and `headers` come from the manifest where it still names it.

        Raises RemoteError when its key is not set, LocalServerError when the local server does not start.
        """
        dialect = dialect or DIALECTS.get(where.dialect)
        if dialect is None:
            raise RemoteError(f'the dialect "{where.dialect}" is not known to this batchctl')
        place = (where, headers, store if where.dialect == "local" else None)
        if place in self._servers and not self._servers[place].is_up:
            # It was killed: another takes its place, with its data.
            del self._open[place], self._servers[place]
        if place not in self._open:
            if where.dialect == "local":
                server = self._local(where, store, upstream_api_key_env, concurrency)
                self._servers[place] = server
                http = self._http(base_url=server.base_url, headers={"authorization": f"Bearer {server.token}"},
                                  secrets=[server.token])
            else:
                http = self._hosted(where, dialect, headers)
            http.deadline = self._deadline
            self._exit.callback(http.close)
            self._open[place] = Provider(where, dialect, http)
        return self._open[place]

    def _hosted(self, where: Coordinates, dialect: Dialect, headers: Headers) -> Http:
        base_url = where.base_url or dialect.base_url
        if base_url is None:
            raise RemoteError(f'the provider "{where.name}" has no base_url')
        made: dict[str, str] = {}
        secrets = []
        if where.api_key_env:
            key = self._read(where.api_key_env, where.name)
            header, prefix = dialect.auth
            made[header] = prefix + key
            secrets.append(key)
        for name, value in headers:
            if isinstance(value, FromEnvironment):
                secret = self._read(value.variable, where.name)
                secrets.append(secret)
                if doubling := double_maker(name, value.prefix + secret):
                    raise RemoteError(f'the gateway could make a batch twice, for the "{doubling}" in {value.variable}',
                                      notes=(f"remove {doubling}",))
                value = value.prefix + secret
                secrets += credentials(name, value)
            made[name.lower()] = value
        if where.organization:
            made["openai-organization"] = where.organization
        if where.project:
            made["openai-project"] = where.project
        return self._http(base_url=base_url.rstrip("/"), headers=made, secrets=secrets, hints=_hints(where))

    def _local(self, where: Coordinates, store: Path, key_env: str | None, concurrency: int) -> LocalServer:
        from batchctl.server import launch

        try:
            server = launch.connect(
                local_data(store, where.upstream), upstream=where.upstream, upstream_key_env=key_env,
                concurrency=concurrency, run=self._runs, ask=self._asks,
            )
        except launch.LaunchError as error:
            raise LocalServerError(str(error)) from error
        self._exit.callback(server.close)
        return server

    def _read(self, variable: str, provider: str) -> str:
        value = self._environ.get(variable, "").strip()
        if not value:
            raise RemoteError(f'the provider "{provider}" needs the environment variable {variable}, which is not set')
        if not value.isascii() or not value.isprintable():
            raise RemoteError(f"the environment variable {variable} holds characters that no HTTP header can carry")
        return value


def _hints(where: Coordinates) -> dict[int, str]:
    """What is worth knowing about an answer with this status."""
    key = f"the key in {where.api_key_env}" if where.api_key_env else "no key: no api_key_env is set"
    account = "".join(f", {what} {name}" for what, name in (
        ("organization", where.organization), ("project", where.project)) if name)
    sent = f"{where.name} was asked with {key}{account}"
    return {
        401: f"{sent}; check that the key is right, and for this provider",
        403: f"{sent}; the key may lack the permission for files or batches",
        404: f"{sent}; what was made with another key or project cannot be seen with this one",
    }


def local_data(store: Path, upstream: str | None) -> Path:
    """The local server's data folder: one a store and upstream, since its answers count for that upstream alone."""
    name = "echo" if upstream is None else text_digest(upstream.encode())[7:23]
    return store / "server" / name
