"""Opening providers: which key goes where, and what is refused before a call is made."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from batchctl.remote.connect import Providers
from batchctl.words.dialects import OPENAI, PORTKEY
from batchctl.words.errors import RemoteError
from batchctl.words.remote import Coordinates, FromEnvironment
from tests.remote.http import Scripted

GATEWAY = Coordinates("portkey", "portkey", "https://gateway.example/v1")
CONFIG = (("x-portkey-config", FromEnvironment("PORTKEY_CONFIG")),)


def opened(environ: dict[str, str], where: Coordinates, *, tmp_path: Path, **more: object) -> dict[str, str]:
    """The headers of the provider that is opened."""
    with Providers(runs=False, environ=environ) as providers:
        return dict(providers.get(where, store=tmp_path, **more).http.headers)  # type: ignore[arg-type]


def test_g8_a_key_is_sent_only_where_the_manifest_says_and_in_the_header_that_the_dialect_has(tmp_path: Path) -> None:
    environ = {"OPENAI_API_KEY": "sk-openai", "PORTKEY_API_KEY": "pk-portkey", "MINE": "sk-mine"}
    hosted = Coordinates("portkey", "portkey", PORTKEY.base_url, "PORTKEY_API_KEY")
    assert opened(environ, hosted, tmp_path=tmp_path) == {"x-portkey-api-key": "pk-portkey"}
    assert opened(environ, GATEWAY, tmp_path=tmp_path) == {}
    own = Coordinates("openai", "openai", "https://x.example/v1", "MINE")
    assert opened(environ, own, tmp_path=tmp_path) == {"authorization": "Bearer sk-mine"}


def test_an_organization_and_a_project_are_named_in_openais_headers(tmp_path: Path) -> None:
    where = Coordinates("openai", "openai", OPENAI.base_url, "OPENAI_API_KEY", organization="org-1", project="proj-1")
    headers = opened({"OPENAI_API_KEY": "k"}, where, tmp_path=tmp_path)
    assert (headers["openai-organization"], headers["openai-project"]) == ("org-1", "proj-1")


def test_g1_a_gateways_config_from_a_variable_may_not_repeat_a_create(tmp_path: Path) -> None:
    good = {"PORTKEY_CONFIG": '{"provider": "openai", "api_key": "sk"}'}
    assert opened(good, GATEWAY, tmp_path=tmp_path, headers=CONFIG)["x-portkey-config"] == good["PORTKEY_CONFIG"]
    bad = {"PORTKEY_CONFIG": '{"provider": "openai", "api_key": "sk-canary", "retry": {"attempts": 5}}'}
    with pytest.raises(RemoteError, match="could make a batch twice") as caught:
        opened(bad, GATEWAY, tmp_path=tmp_path, headers=CONFIG)
    assert "sk-canary" not in f"{caught.value} {caught.value.notes}"


def test_g1_a_header_from_a_variable_may_not_ask_the_gateway_for_retries(tmp_path: Path) -> None:
    headers = (("x-portkey-retry-count", FromEnvironment("RETRIES")),)
    with pytest.raises(RemoteError, match="could make a batch twice"):
        opened({"RETRIES": "4"}, GATEWAY, tmp_path=tmp_path, headers=headers)


def test_g8_a_key_inside_a_gateways_config_is_cut_out_of_messages_too(tmp_path: Path) -> None:
    environ = {"PORTKEY_CONFIG": '{"targets": [{"provider": "openai", "api_key": "sk-canary"}]}'}
    with Providers(runs=False, environ=environ) as providers:
        http = providers.get(GATEWAY, store=tmp_path, headers=CONFIG).http
        assert {"sk-canary", environ["PORTKEY_CONFIG"]} <= set(http.secrets)


def test_reads_are_repeated_no_longer_than_the_time_that_the_user_set(tmp_path: Path) -> None:
    script = Scripted(httpx.ConnectError("refused"))
    with Providers(runs=False, environ={}, http=lambda **settings: script.http) as providers:
        provider = providers.get(GATEWAY, store=tmp_path)
        providers.until(2.0)
        with pytest.raises(RemoteError):
            list(provider.batches())
        assert script.now <= 2.0
        tries = len(script.asked)
        with pytest.raises(RemoteError):
            list(provider.batches())
        assert len(script.asked) <= tries + 2, "one that is asked late is asked all the same"
        providers.until(None)
        with pytest.raises(RemoteError):
            list(provider.batches())
        assert script.now > 10


@pytest.mark.parametrize("value", ["", "  ", "ключ", "a\nb"])
def test_a_key_that_cannot_be_sent_is_told_by_the_name_of_its_variable(tmp_path: Path, value: str) -> None:
    where = Coordinates("openai", "openai", OPENAI.base_url, "OPENAI_API_KEY")
    with pytest.raises(RemoteError, match="OPENAI_API_KEY"):
        opened({"OPENAI_API_KEY": value}, where, tmp_path=tmp_path)
