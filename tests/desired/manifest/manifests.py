"""Manifests that the tests of this folder start from, and short ways to load them."""

from __future__ import annotations

import textwrap
from typing import Any

from batchctl.desired.job import Job
from batchctl.desired.manifest import load, parse_text
from batchctl.words.diagnostics import Diagnostic
from batchctl.words.errors import InvalidInput

HEAD = "version: 1\nname: demo\nmodel: small\ninputs: [rows.csv]\n"
PROMPT = "prompt: {user: hello}\n"
MINIMAL = HEAD + PROMPT

#: Every key of the schema, in as many documents as its alternatives need.
FULL = """\
version: 1
name: hosted
description: everything
labels: {team: search}
provider:
  dialect: openai
  base_url: https://gateway.example.com/v1/
  api_key_env: GATEWAY_API_KEY
  organization: org-acme
  project: proj-x
  headers: {x-team: search, x-gateway-key: {env: GATEWAY_KEY}}
  endpoints: {/v1/rerank: other}
  limits: {max_requests: 1000, max_bytes: 5000000, min_requests: 2, max_inputs: 9, max_enqueued_tokens: 900,
           completion_windows: [1h, 24h, asap]}
model: small
endpoint: /v1/chat/completions
completion_window: 24h
vars: {language: English}
inputs:
  - {path: reviews.csv, format: csv, key: "{{ row.id }}", where: "{{ row.ok }}", limit: 5}
  - {path: app.sqlite, table: reviews}
  - {path: book.xlsx, sheet: 2}
  - {path: app.sqlite, sql: select * from reviews order by id}
  - {sql: select * from reviews order by id, tables: {reviews: "*.parquet"}, key: "{{ row.id }}", where: "{{ row.ok }}"}
  - {rows: [{id: 1}], key: "{{ row.id }}", where: "{{ row.ok }}", limit: 5}
prompt: {system: Be brief., user: "{{ row.text }}"}
body: {temperature: 0, max_completion_tokens: 8}
revision: 2
batch: {max_requests: 10, max_bytes: 1000, max_enqueued_tokens: 800, output_expires_after: 3600, metadata: {a: b}}
retry: {max_attempts: 2, reasons: [expired]}
budget: {max_requests: 100, max_cost: 2.50}
prices: {small: {input: 0.10, output: 0.40, cached_input: 0.05, batch_discount: 0.25}}
sinks:
  - {path: out/a.data, format: csv, fields: {id: "{{ row.id }}"}, records: ok, partial: true, formula_safe: false}
---
version: 1
name: own-server
provider:
  dialect: local
  upstream: http://127.0.0.1:11434/v1/
  upstream_api_key_env: UPSTREAM_KEY
  concurrency: 3
model: small
inputs: [rows.csv]
prompt: {messages: [{role: user, content: hello}]}
---
version: 1
name: mixed
provider: groq
model: small
endpoint: {batch: /v1/audio/transcriptions, row: "{{ row.endpoint }}"}
inputs: [rows.csv]
body: {url: "{{ row.url }}"}
"""


def job(text: str, **variables: Any) -> Job:
    """The only job of a manifest without mistakes."""
    (found,) = parse_text(textwrap.dedent(text), "job.yaml", variables=variables).jobs
    return found


def mistakes(text: str) -> tuple[Diagnostic, ...]:
    """What is told of a manifest; empty where it is in order."""
    try:
        parse_text(textwrap.dedent(text), "job.yaml")
    except InvalidInput as error:
        return error.findings
    return ()


def codes(text: str) -> list[str]:
    return [finding.code for finding in mistakes(text)]


def load_mistakes(*paths: Any) -> tuple[Diagnostic, ...]:
    try:
        load(paths)
    except InvalidInput as error:
        return error.findings
    return ()
