"""Starts a server on a data folder, runs it until it is told to end, and ends it in order."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import signal
import socket
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

import uvicorn
from starlette.types import ASGIApp

from batchctl.server.app import make_app
from batchctl.server.clock import Clock
from batchctl.server.database import Database, DatabaseTooNewError
from batchctl.server.dialects import DIALECTS
from batchctl.server.echo import Echo
from batchctl.server.engine import Engine
from batchctl.server.fault_spec import parse
from batchctl.server.faults import Faults
from batchctl.server.files import FileShelf
from batchctl.server.folder import PROTOCOL, DataFolder, PortFile
from batchctl.server.hold import Hold
from batchctl.server.hosts import is_loopback
from batchctl.server.journal import Journal
from batchctl.server.lease import Leases
from batchctl.server.ledger import Ledger
from batchctl.server.lock import FolderLock
from batchctl.server.options import ServeOptions, upstream_key, upstream_key_problem, upstream_problem
from batchctl.server.outage import Outage
from batchctl.server.site import Site
from batchctl.server.upstream import Upstream
from batchctl.server.uptime import Uptime
from batchctl.server.veil import Veil
from batchctl.server.wire import CuttableProtocol
from batchctl.server.workshop import Workshop

OK, FAILED, IN_USE = 0, 1, 3
LOCK_PATIENCE_S = 1.0
TICK_S = 1.0
KEEP_ALIVE_S = 75

log = logging.getLogger("batchctl.server")


def serve(options: ServeOptions) -> int:
    """Runs until SIGINT, SIGTERM or SIGHUP, or until unused if ephemeral.

    Returns an exit code: 0 after an orderly end, 1 if it cannot start, 3 if another server has the folder.
    """
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(message)s")
    log.setLevel(logging.INFO)
    # Prompts and answers are nobody else's business, also in a folder that others may read.
    os.umask(0o077)
    folder = DataFolder(options.data.absolute())
    lock = FolderLock(folder.lock)
    try:
        _check(options)
        folder.prepare()
        if not lock.acquire(LOCK_PATIENCE_S):
            log.error("another server is using %s", folder.root)
            return IN_USE
        asyncio.run(_run(options, folder))
    except (OSError, ValueError, sqlite3.Error, DatabaseTooNewError) as error:
        log.error("cannot serve from %s: %s", folder.root, error)
        return FAILED
    finally:
        lock.release()
    return OK


def _check(options: ServeOptions) -> None:
    if options.dialect not in DIALECTS:
        raise ValueError(f"unknown dialect {options.dialect!r}; there is {', '.join(DIALECTS)}")
    if options.concurrency < 1:
        raise ValueError("concurrency must be at least 1")
    if options.expire_after is not None and options.expire_after < 0:
        raise ValueError("expire-after must be at least 0")
    for text in options.faults:
        parse(text)
    if options.upstream is not None and (problem := upstream_problem(options.upstream)) is not None:
        raise ValueError(problem)
    name = options.upstream_key_env
    # An ephemeral server may be started by somebody who only looks, and needs no key for that.
    if name is None or (options.ephemeral and upstream_key(name) is None):
        return
    if (problem := upstream_key_problem(name)) is not None:
        raise ValueError(problem)


async def _run(options: ServeOptions, folder: DataFolder) -> None:
    listener = _listen(options)
    with _database(folder) as database, closing(Ledger(options.ledger)) as ledger:
        site = _site(options, folder, database)
        stop = asyncio.Event()
        _stop_on_signals(stop)
        # Never from an earlier server: whoever reads it next must find this one.
        folder.port_file.unlink(missing_ok=True)
        server = _Server(_app(options, site, ledger))
        serving = asyncio.create_task(server.serve([listener]))
        site.engine.start()
        _follow_leases(options, site)
        helpers = [asyncio.create_task(_tick(site)), asyncio.create_task(stop.wait())]
        if options.ephemeral:
            helpers.append(asyncio.create_task(site.leases.until_unused()))
        try:
            await server.listening.wait()
            _announce(options, folder, site, listener)
            done, _ = await asyncio.wait({serving, *helpers}, return_when=asyncio.FIRST_COMPLETED)
            for ended in done:
                ended.result()
        finally:
            folder.port_file.unlink(missing_ok=True)
            for helper in helpers:
                helper.cancel()
            site.leases.closed.set()
            server.should_exit = True
            await serving
            await site.engine.stop()


def _app(options: ServeOptions, site: Site, ledger: Ledger) -> ASGIApp:
    app = make_app(site)
    if not options.faults and options.ledger is None:
        return app
    return Faults(app, site.dialect, [parse(text) for text in options.faults], ledger, site.veil)


def _listen(options: ServeOptions) -> socket.socket:
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    return socket.create_server((options.host, options.port), family=family, backlog=1024)


@contextmanager
def _database(folder: DataFolder) -> Iterator[Database]:
    database = Database(folder.database)
    try:
        yield database
    finally:
        database.close()


def _site(options: ServeOptions, folder: DataFolder, database: Database) -> Site:
    clock = Clock()
    dialect = DIALECTS[options.dialect]
    shelf = FileShelf(database, folder.files, dialect.ids)
    hold = Hold() if options.hold else None
    uptime = Uptime(database, clock)
    outage = Outage(options.upstream or "the echo")
    shop = Workshop(
        database=database,
        shelf=shelf,
        dialect=dialect,
        upstream=_upstream(options),
        outage=outage,
        journal=Journal(database),
        uptime=uptime,
        clock=clock,
        concurrency=options.concurrency,
        slots=asyncio.Semaphore(options.concurrency),
        gate=asyncio.Event(),
        expire_after=options.expire_after,
        hold=hold,
    )
    return Site(
        database=database,
        shelf=shelf,
        dialect=dialect,
        engine=Engine(shop),
        upstream=shop.upstream,
        outage=outage,
        uptime=uptime,
        clock=clock,
        leases=Leases(),
        instance=secrets.token_hex(8),
        token=secrets.token_urlsafe(32) if options.ephemeral else None,
        open_to_others=not is_loopback(options.host),
        hold=hold,
        veil=Veil(),
    )


def _upstream(options: ServeOptions) -> Upstream:
    if options.upstream is None:
        return Echo()
    # Costs 0.1 s to import, which whoever asks the echo need not wait for.
    from batchctl.server.forward import Forward

    key = upstream_key(options.upstream_key_env)
    return Forward(options.upstream, key, concurrency=options.concurrency)


def _follow_leases(options: ServeOptions, site: Site) -> None:
    if not options.ephemeral:
        site.engine.set_running(True)
        return
    site.leases.on_change = lambda: site.engine.set_running(site.leases.running)


def _announce(options: ServeOptions, folder: DataFolder, site: Site, listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    PortFile(
        pid=os.getpid(),
        host=options.host,
        port=port,
        prefix=site.dialect.prefix,
        token=site.token or secrets.token_urlsafe(32),
        instance=site.instance,
        protocol=PROTOCOL,
        dialect=options.dialect,
        upstream=options.upstream,
        # Named only if this process has it, so that nobody who needs the key joins a server without.
        upstream_key_env=options.upstream_key_env if upstream_key(options.upstream_key_env) else None,
    ).write(folder.port_file)
    host = f"[{options.host}]" if ":" in options.host else options.host
    answers = f"lines go to {options.upstream}" if options.upstream else "lines are answered by an echo"
    if site.open_to_others and not options.ephemeral:
        log.warning("other machines can reach %s; whoever does is let in with any key", options.host)
    log.info("listening on http://%s:%d%s (%s)", host, port, site.dialect.prefix, answers)


def _stop_on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    numbers = [signal.SIGINT, signal.SIGTERM]
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)  # the terminal was closed, and nohup did not ask for going on
    for number in numbers:
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))


async def _tick(site: Site) -> None:
    while True:
        await asyncio.sleep(TICK_S)
        # A full disk now need not be one in a second.
        with suppress(sqlite3.Error):
            site.engine.tick()


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling, which would end the process by the signal and not with 0."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=CuttableProtocol,
                ws="none",
                loop="asyncio",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_keep_alive=KEEP_ALIVE_S,
                timeout_graceful_shutdown=1,
            )
        )
        self.listening = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()
