"""Endpoint, window, batch, retry and budget are held against what the provider's dialect allows."""

from __future__ import annotations

import pytest

from .manifests import MINIMAL, codes, job, mistakes

OPENAI = MINIMAL + "provider: openai\n"


def test_an_unknown_endpoint_is_told_with_the_one_that_was_meant() -> None:
    (found,) = mistakes(OPENAI + "endpoint: /v1/chat/completion\n")
    assert (found.code, found.label) == ("unknown-endpoint", 'did you mean "/v1/chat/completions"?')
    assert codes(OPENAI + "endpoint: chat\n") == ["wrong-form"]
    assert codes(OPENAI + 'endpoint: "/{{ vars.x }}"\n') == ["wrong-form"]
    assert codes(OPENAI + 'endpoint: "/{{vars.x}}"\n') == ["not-a-template"]


MIXED = 'endpoint: {batch: /v1/chat/completions, row: "{{ row.e }}"}\n'


def test_rows_choose_their_endpoint_only_where_a_batch_takes_several() -> None:
    made = job(MINIMAL + "provider: groq\n" + MIXED)
    assert made.endpoint == "/v1/chat/completions"
    assert made.row_endpoint is not None
    assert made.row_endpoint.source == "{{ row.e }}"
    (found,) = mistakes(OPENAI + MIXED)
    assert (found.code, found.message) == ("mixed-endpoints", "the dialect openai takes one endpoint a batch")


def test_the_endpoint_of_the_batch_is_always_stated() -> None:
    assert codes(MINIMAL + 'provider: groq\nendpoint: {row: "{{ row.e }}"}\n') == ["missing-key"]
    assert codes(MINIMAL + 'provider: groq\nendpoint: {batch: /v1/chats, row: "{{ row.e }}"}\n') == [
        "unknown-endpoint"
    ]


@pytest.mark.parametrize(("window", "code"), [
    ("24h", None), ("1d", None), ("48h", "out-of-range"), ("1h", "out-of-range"), ("24", "wrong-type"),
    ("0h", "wrong-form"), ("1w", "wrong-form"), ('"24h\\n"', "wrong-form"), ("99999999h", "wrong-form"),
])  # fmt: skip
def test_a_window_is_one_that_the_dialect_has(window: str, code: str | None) -> None:
    assert codes(OPENAI + f"completion_window: {window}\n") == ([code] if code else [])


def test_the_local_dialect_has_windows_up_to_a_week() -> None:
    assert job(MINIMAL + "completion_window: 7d\n").completion_window == "7d"
    (found,) = mistakes(MINIMAL + "completion_window: 8d\n")
    assert found.label == "write a completion_window of 1h to 7d"


@pytest.mark.parametrize(("batch", "code"), [
    ("{max_requests: 50000}", None), ("{max_requests: 50001}", "above-limit"),
    ("{max_bytes: 200000000}", None), ("{max_bytes: 200000001}", "above-limit"),
    ("{max_requests: 0}", "out-of-range"), ("{output_expires_after: 3599}", "out-of-range"),
    ("{output_expires_after: 3600}", None), ("{output_expires_after: 2592001}", "out-of-range"),
    ("{metadata: {batchctl_job: x}}", "reserved-metadata"), ("{metadata: {a: 1}}", "wrong-type"),
    ("{metadata: {'': x}}", "metadata-limit"), (f"{{metadata: {{{'k' * 65}: x}}}}", "metadata-limit"),
    (f"{{metadata: {{k: {'v' * 513}}}}}", "metadata-limit"), ("{max_requests: 1.0}", "wrong-type"),
    ("{metadata: {" + ", ".join(f"k{n}: v" for n in range(13)) + "}}", None),
    ("{metadata: {" + ", ".join(f"k{n}: v" for n in range(14)) + "}}", "metadata-limit"),
])  # fmt: skip
def test_batches_stay_within_the_providers_limits(batch: str, code: str | None) -> None:
    assert codes(OPENAI + f"batch: {batch}\n") == ([code] if code else [])


def test_metadata_may_hold_lists_where_the_dialect_takes_them() -> None:
    made = job(MINIMAL + "provider: cerebras\nbatch: {metadata: {tags: [a, b], team: x}}\n")
    assert made.batch.metadata == (("tags", ("a", "b")), ("team", "x"))
    assert codes(OPENAI + "batch: {metadata: {tags: [a, b]}}\n") == ["metadata-limit"]
    assert codes(MINIMAL + f"provider: cerebras\nbatch: {{metadata: {{tags: [{'v' * 513}]}}}}\n") == ["metadata-limit"]


def test_a_window_that_is_a_word_is_for_the_dialect_that_has_it() -> None:
    gateway = "provider: {dialect: portkey, headers: {x-portkey-provider: openai}}\ncompletion_window: immediate\n"
    assert job(MINIMAL + gateway).completion_window == "immediate"
    assert codes(OPENAI + "completion_window: immediate\n") == ["out-of-range"]


@pytest.mark.parametrize(("window", "code"), [
    ("1h", None), ("24h", None), ("6h", None), ("asap", None), ("48h", "out-of-range"), ("later", "out-of-range")])
def test_a_service_of_ones_own_has_the_windows_that_the_manifest_gives(window: str, code: str | None) -> None:
    limits = "limits: {completion_windows: [1h, 24h, asap]}"
    service = f"provider: {{dialect: openai, base_url: 'https://x.example', {limits}}}"
    assert codes(MINIMAL + f"{service}\ncompletion_window: {window}\n") == ([code] if code else [])


def test_output_expiry_is_refused_where_there_is_none() -> None:
    assert codes(MINIMAL + "batch: {output_expires_after: 3600}\n") == ["no-output-expiry"]


def test_limits_of_ones_own_provider_hold_for_batch() -> None:
    provider = "provider: {dialect: openai, limits: {max_requests: 10, min_requests: 5, max_enqueued_tokens: 9}}\n"
    assert codes(MINIMAL + provider + "batch: {max_requests: 11}\n") == ["above-limit"]
    assert codes(MINIMAL + provider + "batch: {max_requests: 4}\n") == ["out-of-range"]
    assert codes(MINIMAL + provider + "batch: {max_enqueued_tokens: 10}\n") == ["above-limit"]


def test_retry_budget_and_revision_are_read() -> None:
    made = job(MINIMAL + "retry: {max_attempts: 1, reasons: [cancelled]}\nbudget: {max_requests: 7}\nrevision: 4\n")
    assert (made.retry.max_attempts, made.retry.reasons) == (1, ("cancelled",))
    assert (made.budget.max_requests, made.revision) == (7, 4)
    assert job(MINIMAL + "retry: {reasons: []}\n").retry.reasons == ()
    assert codes(MINIMAL + "retry: {reasons: [expired, expired]}\n") == ["repeated-value"]
    assert codes(MINIMAL + "retry: {max_attempts: 0}\n") == ["out-of-range"]


@pytest.mark.parametrize("name", ["A", "a b", "a_b", '""', "x" * 49, '"a\\n"', "a/b", "..", "\u00e9"])
def test_a_name_that_cannot_name_files_is_refused(name: str) -> None:
    assert codes(MINIMAL.replace("demo", name)) == ["wrong-form"]
