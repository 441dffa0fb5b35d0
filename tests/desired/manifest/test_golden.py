"""The exact words and places of a dozen mistakes: what a user sees must not change unnoticed."""

from __future__ import annotations

from .manifests import mistakes

MANIFEST = """\
version: 1
name: Review Sentiment
provider: opnai
modle: small
completion_window: 24
inputs:
  - path: reviews.csv
    kee: "{{ row.id }}"
prompt:
  system: Be brief.
  user: {{ row.text }}
body:
  logprobs: yes
  stream: true
retry: {max_attempts: 11, reasons: [timout]}
batch: {max_bytes: 0, max_request: 10}
sinks:
  - out/a.csv
  - out/a.csv
  - path: out/b.csv
    partial: no
    fields: {x: {y: 1}}
name: other
"""

SHOWN = """\
2:7 16 wrong-form | name must be 1 to 48 lower-case letters, digits and hyphens | for example review-sentiment
3:11 5 unknown-value | provider cannot be "opnai"; it is one of: groq, cerebras, openai, portkey, local | did you mean "openai"?
4:1 5 unknown-key | unknown key "modle" | did you mean "model"?
5:20 2 wrong-type | completion_window must be a text | write "24", in quotes
8:5 3 unknown-key | unknown key "kee" in inputs[0] | did you mean "key"?
11:9 2 unquoted-template | a template must stand in quotes | write it as "{{ … }}"
13:13 3 ambiguous-scalar | "yes" can be read in two ways | write true, or "yes" in quotes for the text
14:3 6 stream-in-body | a batch cannot stream its answers | remove it
15:23 2 out-of-range | retry.max_attempts must be at most 10 | write 10 or less
15:37 6 unknown-value | retry.reasons[0] cannot be "timout"; it is one of: expired, rate_limit, server_error, timeout, \
missing, invalid_output, cancelled | did you mean "timeout"?
16:20 1 out-of-range | batch.max_bytes must be at least 1 | write 1 or more
16:23 11 unknown-key | unknown key "max_request" in batch | did you mean "max_requests"?
19:5 9 sink-conflict | the sink "out/a.csv" is also a sink of a job | write elsewhere
21:14 2 wrong-type | sinks[2].partial must be true or false | write false
22:14 1 nested-in-csv | the csv column "x" cannot hold a nested value | write one template a column, or a jsonl sink
23:1 4 duplicate-key | the key "name" is there twice | remove one; first written at job.yaml:2:1
"""


def test_a_dozen_mistakes_are_all_told_at_once_in_these_words_at_these_places() -> None:
    lines = []
    for finding in mistakes(MANIFEST):
        span = finding.span
        assert span is not None
        assert finding.source == MANIFEST.splitlines()[span.line - 1]
        lines.append(f"{span.line}:{span.column} {span.length} {finding.code} | {finding.message} | {finding.label}")
    assert "\n".join(lines) + "\n" == SHOWN
