"""A lockfile that somebody edited takes no key anywhere: an address that only it knows is not asked (G8)."""

from __future__ import annotations

import json
from dataclasses import replace

import httpx
import pytest

from batchctl.act.project import projects
from batchctl.act.trust import trust
from batchctl.words.dialects import DIALECTS
from batchctl.words.errors import UntrustedAddress
from batchctl.words.remote import Coordinates
from tests.faultlab.provider import FakeProvider
from tests.faultlab.rig import Rig

EVIL = "http://evil.test/v1"


@pytest.fixture
def evil(rig: Rig) -> list[httpx.Request]:
    """What arrives at the address that a pull request put into the lockfile. The lab vouches for nothing."""
    arrived: list[httpx.Request] = []

    class Evil(FakeProvider):
        def handle(self, request: httpx.Request) -> httpx.Response:
            arrived.append(request)
            return super().handle(request)

    rig.vouches = False
    rig.elsewhere[EVIL] = Evil()
    rig.environ["DEPLOY_TOKEN"] = "canary-deploy"
    return arrived


def edit(rig: Rig, **provider: str) -> None:
    document = json.loads(rig.lockfile.read_bytes())
    for batch in document["jobs"]["labels"]["batches"]:
        batch["provider"].update(provider)
    rig.lockfile.write_text(json.dumps(document))


@pytest.mark.parametrize("change", [
    {"base_url": EVIL}, {"base_url": EVIL, "api_key_env": "DEPLOY_TOKEN"},
    {"base_url": EVIL, "dialect": "portkey", "name": "portkey"}, {"base_url": EVIL, "organization": "o"},
], ids=["url", "url and key", "dialect", "account"])
@pytest.mark.parametrize("ended", [False, True], ids=["live", "ended"])
def test_g8_an_address_that_only_the_lockfile_knows_gets_no_call_and_no_key(
    rig: Rig, evil: list[httpx.Request], change: dict[str, str], ended: bool,
) -> None:
    rig.apply()
    if ended:
        rig.finish_all()
    edit(rig, **change)
    before = rig.lockfile.read_bytes()
    creates = rig.provider.creates
    (report,) = rig.apply().jobs
    assert [type(failure) for failure in report.failures] == [UntrustedAddress] * len(report.failures)
    assert report.exit_code == 5
    assert EVIL in report.failures[0].message
    assert not evil
    assert rig.lockfile.read_bytes() == before
    assert rig.provider.creates == creates
    with pytest.raises(UntrustedAddress):
        rig.plan()
    assert not evil


def test_g8_another_variable_at_a_known_address_is_not_sent(rig: Rig, evil: list[httpx.Request]) -> None:
    rig.apply()
    edit(rig, api_key_env="DEPLOY_TOKEN")
    sent: list[httpx.Request] = []
    handle = rig.provider.handle
    rig.provider.handle = lambda request: sent.append(request) or handle(request)  # type: ignore[method-assign, func-returns-value]
    (report,) = rig.apply().jobs
    assert report.exit_code == 5
    assert "DEPLOY_TOKEN" in report.failures[0].message
    assert not any("canary-deploy" in str(request.headers) for request in sent)


def test_what_the_user_vouches_for_is_asked(rig: Rig) -> None:
    rig.apply()
    former = rig.provider
    rig.where = Coordinates("there", "openai", base_url="http://there.test/v1", api_key_env="THERE_KEY")
    rig.environ["THERE_KEY"] = "canary-there"
    rig.elsewhere["http://there.test/v1"] = FakeProvider()
    rig.vouches = False
    assert rig.apply().jobs[0].exit_code == 5
    rig.vouches = True
    former.finish(*former.live())
    assert rig.apply().jobs[0].exit_code == 0
    assert set(former.paid().values()) == {1}
    assert not rig.elsewhere["http://there.test/v1"].creates


def test_another_job_of_the_manifest_may_name_the_address(rig: Rig) -> None:
    """Also one that was not chosen with --target."""
    job = rig.job()
    other = replace(job, name="other", provider=replace(job.provider, where=replace(job.provider.where, name="x")))
    (project,) = projects([job, other], {"labels": job})
    project.trust.check(replace(other.provider.where, organization="o"), "l")
    with pytest.raises(UntrustedAddress):
        project.trust.check(replace(other.provider.where, api_key_env="DEPLOY_TOKEN"), "l")


@pytest.mark.parametrize("name", [name for name, dialect in DIALECTS.items() if dialect.base_url])
def test_a_vendors_own_key_goes_to_the_vendors_own_address_and_no_other_does(name: str) -> None:
    dialect = DIALECTS[name]
    own = Coordinates(name, name, dialect.base_url, dialect.api_key_env)
    nobody = trust([], [])
    nobody.check(own, "l")
    nobody.check(replace(own, base_url=None), "l")
    for changed in (
        replace(own, api_key_env="DEPLOY_TOKEN"), replace(own, base_url=f"{dialect.base_url}x"),
        replace(own, base_url="https://evil.test/v1"), replace(own, dialect="unknown"),
        replace(own, base_url=(dialect.base_url or "").replace("https://", "https://evil.test@")),
    ):
        with pytest.raises(UntrustedAddress):
            nobody.check(changed, "l")


def test_an_address_is_vouched_for_with_or_without_a_slash_at_its_end() -> None:
    where = Coordinates("x", "openai", EVIL + "/", "DEPLOY_TOKEN")
    trust([], [EVIL]).check(where, "l")
    trust([], [EVIL + "/"]).check(replace(where, base_url=EVIL), "l")
