"""Accounts that only a header tells apart are each listed, and each cleared of what nothing needs."""

from __future__ import annotations

import pytest

from batchctl.act.provider_files import collect_remote
from batchctl.shell.listing import listed
from batchctl.shell.session import Session
from tests.faultlab.accounts import Accounts
from tests.faultlab.rig import Rig

DAY_S = 24 * 3600


@pytest.fixture
def accounts(rig: Rig) -> Accounts:
    made = Accounts(rig)
    made.settled()
    return made


def batches(accounts: Accounts) -> list[tuple[str | None, bool]]:
    session = Session((accounts.project(),), (), {}, (), selection=False)
    with accounts.providers() as providers:
        return [(one.job, one.recorded) for one in listed(session, providers, statuses=frozenset(), most=50)]


def collect(accounts: Accounts, *, dry_run: bool = False) -> list[str]:
    with accounts.providers() as providers:
        found = collect_remote(
            accounts.project(), providers, accounts.rig.events.append, results=True, dry_run=dry_run,
            now=accounts.by_header["one"].clock + 2 * DAY_S, run_lock_timeout_s=0)
    return [unneeded.file.id for unneeded in found]


def share(accounts: Accounts) -> None:
    """Both headers lead to the first account, as a trace id would."""
    accounts.by_header["two"] = accounts.by_header["one"]


def test_the_batches_of_each_account_are_listed(accounts: Accounts) -> None:
    assert batches(accounts) == [("job-one", True), ("job-two", True)]


def test_what_two_headers_show_of_one_account_is_listed_once(accounts: Accounts) -> None:
    share(accounts)
    assert batches(accounts) == [("job-one", True)]


def test_files_of_each_account_are_deleted(accounts: Accounts) -> None:
    assert collect(accounts) == ["file-1", "file-2", "file-11", "file-12"]
    assert [list(provider.files) for provider in accounts.by_header.values()] == [[], []]


def test_what_two_headers_show_of_one_account_is_told_once(accounts: Accounts) -> None:
    share(accounts)
    assert collect(accounts, dry_run=True) == ["file-1", "file-2"]
