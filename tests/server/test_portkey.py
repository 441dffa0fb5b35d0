"""Portkey's dialect: its SDK runs a whole batch, and each of its ways that are not OpenAI's."""

from __future__ import annotations

import gc
import json

import httpx
import pytest

CHAT = "/v1/chat/completions"


@pytest.fixture
def server(speak):
    return speak("portkey", headers={"x-portkey-provider": "@my-groq"})


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # its SDK leaves sockets open
def test_the_sdk_runs_a_batch_from_upload_to_delete(server, line):
    portkey = pytest.importorskip("portkey_ai")
    client = portkey.Portkey(base_url=server.base_url, api_key="any", virtual_key="v-1")
    file = client.files.create(file=("rows.jsonl", line("a", "one") + line("b", "two")), purpose="batch")
    assert client.files.retrieve(file.id).filename == "rows.jsonl"
    assert file.id in [found.id for found in client.files.list().data]

    batch = client.batches.create(
        completion_window="immediate",
        endpoint=CHAT,
        input_file_id=file.id,
        metadata={"job": "x"},
        portkey_options={"x-portkey-virtual-key": "v-1"},
    )
    assert (batch.status, batch.completion_window) == ("validating", "immediate")
    server.at_end(batch.id)
    batch = client.batches.retrieve(batch.id)
    assert (batch.status, batch.metadata) == ("completed", {"job": "x"})
    assert batch.id in [found.id for found in client.batches.list(limit=100).data]
    assert len(client.files.content(batch.output_file_id).read().splitlines()) == 2
    single = server.at_end(server.make(line("single"))["id"])
    assert "single" in client.batches.output(single["id"]).text
    with pytest.raises(Exception, match="openai error: Cannot cancel"):
        client.batches.cancel(batch.id)
    assert client.files.delete(file.id).deleted
    del client
    gc.collect()


def test_the_sdk_cancels_a_batch(server, line):
    portkey = pytest.importorskip("portkey_ai")
    slow = server.make(b"".join(line(str(n), "[[echo:sleep=0.3]]") for n in range(40)))
    client = portkey.Portkey(base_url=server.base_url, api_key="any", provider="openai")
    assert client.batches.cancel(slow["id"]).status == "finalizing"
    assert server.at_end(slow["id"])["status"] == "cancelled"


def test_a_call_that_names_no_provider_is_refused_by_the_gateway_itself(server):
    reply = httpx.get(f"{server.base_url}/batches", headers={"x-portkey-api-key": "any"})
    assert reply.status_code == 400
    assert set(reply.json()) == {"status", "message"}
    assert reply.json()["status"] == "failure"
    assert "x-portkey-provider" in reply.json()["message"]


@pytest.mark.parametrize(
    "headers",
    [
        {"x-portkey-provider": "openai", "authorization": "Bearer k"},
        {"x-portkey-provider": "@slug", "x-portkey-api-key": "k"},
        {"x-portkey-virtual-key": "v", "x-portkey-api-key": "k"},
        {"x-portkey-config": '{"provider":"openai"}', "x-portkey-api-key": "k"},
        {"x-portkey-config": "pc-stored", "authorization": "Bearer k"},
    ],
)
def test_any_of_the_three_headers_names_a_provider_and_any_of_two_carries_the_key(server, headers):
    assert httpx.get(f"{server.base_url}/batches", headers=headers).status_code == 200


def test_a_call_without_a_key_is_refused(server):
    reply = httpx.get(f"{server.base_url}/batches", headers={"x-portkey-provider": "openai"})
    assert reply.status_code == 401
    assert "x-portkey-api-key" in reply.json()["error"]["message"]


@pytest.mark.parametrize(
    ("headers", "provider"),
    [
        ({"x-portkey-provider": "@my-groq"}, "my-groq"),
        ({"x-portkey-provider": "groq"}, "groq"),
        ({"x-portkey-config": json.dumps({"provider": "azure-openai"})}, "azure-openai"),
        ({"x-portkey-config": "[1]"}, "openai"),
        ({"x-portkey-virtual-key": "v"}, "openai"),
    ],
)
def test_an_error_names_the_provider_beside_it_and_in_its_message(server, headers, provider):
    headers = {"authorization": "Bearer k", **headers}
    reply = httpx.get(f"{server.base_url}/batches/batch_unknown", headers=headers)
    assert reply.status_code == 404
    assert set(reply.json()) == {"error", "provider"}
    assert reply.json()["provider"] == provider
    assert reply.json()["error"]["message"].startswith(f"{provider} error: No batch found")
    assert set(reply.json()["error"]) == {"message", "type", "param", "code"}


def test_output_is_the_output_files_content(server, line):
    batch = server.at_end(server.make(line("a") + line("b"))["id"])
    reply = server.http.get(f"/batches/{batch['id']}/output")
    assert [json.loads(text)["custom_id"] for text in reply.text.splitlines()] == ["a", "b"]
    assert reply.content == server.http.get(f"/files/{batch['output_file_id']}/content").content


def test_output_of_a_batch_without_an_output_file_is_its_errors_with_status_200(server):
    batch = server.at_end(server.make(b"not json\n")["id"])
    reply = server.http.get(f"/batches/{batch['id']}/output")
    assert (reply.status_code, reply.json()) == (200, batch["errors"])
    assert reply.json()["data"][0]["line"] == 1


def test_only_documented_statuses_are_shown_on_the_way_to_cancelled(server, line):
    batch = server.make(b"".join(line(str(n), "[[echo:sleep=0.2]]") for n in range(30)))
    seen = {server.http.post(f"/batches/{batch['id']}/cancel", json={}).json()["status"]}
    while (status := server.look(batch["id"])["status"]) != "cancelled":
        seen.add(status)
    assert seen == {"finalizing"}


def test_an_expired_batch_is_shown_as_it_is(start, line):
    server = start("--dialect", "portkey", "--expire-after", "1", headers={"x-portkey-provider": "openai"})
    assert server.at_end(server.make(line("a") + line("b"))["id"])["status"] == "expired"


def test_parameters_that_the_gateway_does_not_know_are_dropped(server, line):
    assert server.make(line("a"), model_id="m", override_settings={})["status"] == "validating"


def test_the_window_is_24h_when_none_is_given(server, line):
    file_id = server.send_file(line("a"))["id"]
    made = server.http.post("/batches", json={"input_file_id": file_id, "endpoint": CHAT}).json()
    assert made["completion_window"] == "24h"
