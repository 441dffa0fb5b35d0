"""Providers: where a key may go, and what a manifest may say of an account of one's own."""

from __future__ import annotations

import json

import pytest

from batchctl.desired.job import Job
from batchctl.desired.manifest import parse_text
from batchctl.words.diagnostics import Diagnostic
from batchctl.words.remote import FromEnvironment

from .manifests import MINIMAL, codes, job, mistakes


def _job(provider: str) -> Job:
    return job(MINIMAL + f"provider: {provider}\n")


def _codes(provider: str) -> list[str]:
    return codes(MINIMAL + f"provider: {provider}\n")


def test_without_a_provider_it_is_the_local_one() -> None:
    assert job(MINIMAL).provider == _job("local").provider
    assert job(MINIMAL).provider.where.dialect == "local"


def test_a_built_in_provider_has_its_vendors_address_and_key() -> None:
    where = _job("openai").provider.where
    assert (where.name, where.base_url, where.api_key_env) == ("openai", "https://api.openai.com/v1", "OPENAI_API_KEY")


def test_a_base_url_of_ones_own_never_gets_the_vendors_key() -> None:
    assert _job("{dialect: openai, base_url: 'https://x.example/v1/'}").provider.where.api_key_env is None
    where = _job("{dialect: openai, base_url: 'https://x.example/v1/', api_key_env: MINE}").provider.where
    assert (where.base_url, where.api_key_env) == ("https://x.example/v1", "MINE")
    assert _job("{dialect: openai, project: p}").provider.where.api_key_env == "OPENAI_API_KEY"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("ftp://x.example", "bad-url"), ("x.example/v1", "bad-url"), ("https://", "bad-url"), ("''", "bad-url"),
        ("'http://[x'", "bad-url"), ("http://x:99999", "bad-url"), ("'https://x/?key=1'", "bad-url"),
        ("'https://x/#a'", "bad-url"), ("'https://x y/'", "bad-url"), ("https://me:pw@x/", "secret-in-manifest"),
        ("'https://{{ vars.x }}/'", "not-a-template"), ('"https://x/\\n"', "bad-url"), ("https://\u00e9/", "bad-url"),
    ],
)  # fmt: skip
def test_only_plain_http_urls_are_taken(url: str, code: str) -> None:
    assert _codes(f"{{dialect: openai, base_url: {url}}}") == [code]
    assert _codes(f"{{dialect: local, upstream: {url}}}") == [code]


SECRET = "hunter2hunter2hunter2"


@pytest.mark.parametrize(
    "provider",
    [
        f"{{dialect: openai, headers: {{Authorization: Bearer {SECRET}}}}}",
        f"{{dialect: openai, headers: {{api-key: {SECRET}}}}}",
        f"{{dialect: openai, headers: {{X-Auth-Token: '{SECRET}'}}}}",
        f"{{dialect: openai, headers: {{x-my-secret: {SECRET}}}}}",
        f"{{dialect: openai, headers: {{Cookie: a={SECRET}}}}}",
        f"{{dialect: openai, headers: {{x-portkey-virtual-key: {SECRET}}}}}",
        f"{{dialect: openai, headers: {{proxy-authorization: {SECRET}}}}}",
        f"{{dialect: openai, headers: {{x-other: Bearer {SECRET}}}}}",
        f"{{dialect: openai, headers: {{x-other: sk-{SECRET}}}}}",
        f"{{dialect: openai, headers: {{authorization: [{SECRET}]}}}}",
        f"{{dialect: openai, api_key: {SECRET}}}",
        f"{{dialect: openai, api_key_env: sk-{SECRET}}}",
        f"{{dialect: openai, base_url: 'https://me:{SECRET}@x/'}}",
        f"{{dialect: openai, base_url: 'https://x/?key={SECRET}'}}",
        f"{{dialect: openai, headers: {{authorization: Bearer {SECRET}}}, bogus: 1}}",
        f"sk-{SECRET}",
    ],
)
def test_no_credential_is_taken_from_a_manifest_or_shown_in_a_diagnostic(provider: str) -> None:
    found = mistakes(MINIMAL + f"provider: {provider}\n")
    if "api_key: " not in provider:  # a variable may have any name, so this one is only refused as a key
        assert found
    assert SECRET not in repr(found)


def test_a_masked_line_keeps_its_columns() -> None:
    (found,) = mistakes(MINIMAL + f"provider: {{dialect: openai, headers: {{authorization: {SECRET}}}}}\n")
    assert found.span is not None
    assert found.source is not None
    assert found.source[found.span.column - 1 :].startswith("*" * found.span.length)


@pytest.mark.parametrize("line", [
    f"Authorization: Bearer {SECRET}: x", f"api-key: {SECRET}: x", f"'x-token': {SECRET}: x", f"a: sk-{SECRET}: x",
])  # fmt: skip
def test_a_line_that_is_no_yaml_does_not_show_its_credential(line: str) -> None:
    (found,) = mistakes(MINIMAL + f"provider:\n  dialect: openai\n  headers:\n    {line}\n")
    assert found.code == "yaml-syntax"
    assert SECRET not in repr(found)


def test_lines_with_counts_of_tokens_are_shown() -> None:
    (found,) = mistakes(MINIMAL + "batch: {max_enqueued_tokens: many}\n")
    assert found.source == "batch: {max_enqueued_tokens: many}"


def test_headers_are_literals_or_names_of_variables() -> None:
    found = _job("{dialect: openai, headers: {X-Team: search, Authorization: {env: TOKEN}}}").provider.headers
    assert found == (("X-Team", "search"), ("Authorization", FromEnvironment("TOKEN")))


def test_a_header_may_have_a_prefix_before_its_variable() -> None:
    ((_, value),) = _job(
        '{dialect: openai, headers: {Authorization: {env: TOKEN, prefix: "Bearer "}}}').provider.headers
    assert value == FromEnvironment("TOKEN", "Bearer ")


@pytest.mark.parametrize("provider", ["portkey", "{dialect: portkey, headers: {x-team: a}}"])
def test_a_gateway_that_is_not_told_whom_to_ask_is_a_mistake(provider: str) -> None:
    (found,) = mistakes(MINIMAL + f"provider: {provider}\n")
    assert found.code == "header-required"
    assert "x-portkey-provider" in found.label


@pytest.mark.parametrize(
    "headers", ["{'a b': x}", "{Host: x}", "{content-length: '1'}", "{a: x, A: y}", '{a: "x\\ny"}', "{a: \u00e9}"]
)
def test_a_header_that_cannot_be_sent_is_refused(headers: str) -> None:
    assert _codes(f"{{dialect: openai, headers: {headers}}}") == ["bad-header"]


def _warnings(provider: str) -> tuple[Diagnostic, ...]:
    return parse_text(MINIMAL + f"provider: {provider}\n", "job.yaml").warnings


def test_a_key_over_plain_http_is_warned_of_unless_it_stays_on_this_machine() -> None:
    for host in ("127.0.0.1:8000", "localhost", "'[::1]:1'", "a.localhost"):
        url = f"http://{host}/v1".replace("'", "")
        assert _warnings(f"{{dialect: openai, base_url: '{url}', api_key_env: K}}") == ()
    assert _warnings("{dialect: openai, base_url: 'http://x.example', project: p}") == ()
    for extra in ("api_key_env: K", "headers: {api-key: {env: K}}"):
        (found,) = _warnings(f"{{dialect: openai, base_url: 'http://x.example', {extra}}}")
        assert (found.code, found.severity) == ("key-in-clear", "warning")
    (found,) = _warnings("{dialect: local, upstream: 'http://10.0.0.1', upstream_api_key_env: K}")
    assert found.code == "key-in-clear"


def test_endpoints_are_added_with_a_kind_that_is_given_or_guessed() -> None:
    def kind(endpoints: str, path: str) -> str:
        return job(MINIMAL + f"endpoint: {path}\nprovider: {{dialect: openai, endpoints: {endpoints}}}\n").body_kind

    assert kind("[/v2/chat/completions]", "/v2/chat/completions") == "chat"
    assert kind("[/v2/completions]", "/v2/completions") == "completions"
    assert kind("{/v2/ask: chat}", "/v2/ask") == "chat"
    assert codes(MINIMAL + "endpoint: /v2/ask\nprovider: {dialect: openai, endpoints: [/v2/ask]}\n") == [
        "prompt-unsupported"
    ]


def test_keys_stand_only_where_they_mean_something() -> None:
    for key in ("upstream: http://x", "upstream_api_key_env: K", "concurrency: 2"):
        assert _codes(f"{{dialect: openai, {key}}}") == ["local-only"]
    for key in ("base_url: http://x", "api_key_env: K", "organization: o", "project: p", "headers: {a: b}"):
        assert _codes(f"{{dialect: local, {key}}}") == ["not-for-local"]


def test_limits_of_ones_own_replace_the_dialects() -> None:
    found = _job("{dialect: openai, limits: {max_requests: 5, max_bytes: 99, min_requests: 2}}").provider
    limits = found.dialect.limits
    assert (limits.max_requests, limits.max_bytes, limits.refused_bytes, limits.min_requests) == (5, 99, 99, 2)
    assert limits.max_inputs == 50_000
    assert _job("{dialect: openai, limits: {max_inputs: 7}}").provider.dialect.limits.max_inputs == 7
    assert _codes("{dialect: openai, limits: {max_requests: 5, min_requests: 6}}") == ["out-of-range"]


def test_an_unknown_provider_is_told_with_those_that_there_are() -> None:
    (found,) = mistakes(MINIMAL + "provider: groqq\n")
    assert found.code == "unknown-value"
    assert "portkey, local" in found.message


GATEWAY = "{{dialect: portkey, headers: {{x-portkey-config: '{config}'}}}}"


@pytest.mark.parametrize("config", [
    '{"provider": "openai"}', "pc-stored-8f2", '{"retry": {"attempts": 0}, "provider": "openai"}',
    '{"targets": [{"provider": "openai"}]}',
])
def test_a_gateways_config_may_stand_in_the_manifest(config: str) -> None:
    assert _job(GATEWAY.format(config=config)).provider.headers == (("x-portkey-config", config),)


@pytest.mark.parametrize("config", [
    '{"provider": "openai", "retry": {"attempts": 3}}', '{"retry": {}}',
    '{"targets": [{"provider": "openai"}, {"provider": "x"}]}',
    '{"targets": [{"provider": "openai", "retry": {"attempts": 1}}]}',
])
def test_g1_a_gateway_that_would_repeat_a_create_or_ask_two_accounts_is_refused(config: str) -> None:
    assert _codes(GATEWAY.format(config=config)) == ["gateway-doubles"]


@pytest.mark.parametrize(("count", "codes"), [("3", ["gateway-doubles"]), ("0", [])])
def test_g1_a_header_that_asks_the_gateway_for_retries_is_refused(count: str, codes: list[str]) -> None:
    headers = f"{{x-portkey-provider: openai, X-Portkey-Retry-Count: '{count}'}}"
    assert _codes(f"{{dialect: portkey, headers: {headers}}}") == codes


@pytest.mark.parametrize("member", ["virtual_key", "api_key", "aws_secret_access_key"])
def test_g8_a_key_in_a_gateways_config_must_not_stand_in_a_manifest(member: str) -> None:
    config = json.dumps({"targets": [{"provider": "openai", member: "canary-8f2"}]})
    found = mistakes(MINIMAL + f"provider: {GATEWAY.format(config=config)}\n")
    assert [finding.code for finding in found] == ["secret-in-manifest"]
    assert "canary-8f2" not in repr(found)
