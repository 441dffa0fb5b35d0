"""S: hostile manifests, rows, answers and names, through the whole program: they stay data (G9), and a refusal is
quick, typed and without a traceback (G10). The corpora are those of the tests of each part."""

from __future__ import annotations

import csv
import gzip
import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.campaign.judging import contents, screens
from tests.campaign.programs import Ended, Site, Zygote, fresh
from tests.campaign.tally import Campaign, Judge
from tests.faultlab.provider import FakeProvider
from tests.hostile import BOMB, CONTROL, ESCAPES, EVIL, FORMULAS, PADDING, PATHS

pytestmark = pytest.mark.campaign

#: Seconds that a refusal may take, on a machine that does other things too.
_QUICK_S = 30.0


@pytest.fixture
def job(site: Site) -> Iterator[Site]:
    """A job with two rows, and beside its folder what nobody may read or write."""
    (site.folder / ".git").mkdir()
    (site.folder / ".git" / "config").write_text("id,text\na,canary\n")
    (site.folder.parent / "outside.csv").write_text("id,text\na,canary\n")
    (site.folder / "link.csv").symlink_to(site.folder.parent / "outside.csv")
    (site.folder / "linked").symlink_to(site.folder.parent)
    os.mkfifo(site.folder / "pipe.csv")
    site.write(labels={"a": "one", "b": "two"})
    yield site
    (site.folder / "pipe.csv").unlink()


def manifest(site: Site, old: str, new: str) -> None:
    path = site.folder / "job.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def refused(run: Judge, site: Site, *arguments: str) -> Ended:
    before, started = _all_but_pipes(site), time.monotonic()
    ended = site.run(*arguments)
    screens(run, ended)
    run.holds("G10", time.monotonic() - started < _QUICK_S, "it took too long")
    run.holds("G9", ended.code == 1, f"it was taken: {ended.code}: {ended.out[-300:]}{ended.err[-300:]}")
    run.holds("G10", "error[" in ended.err, f"no reason is given: {ended.err[-300:]}")
    run.holds("G9", _all_but_pipes(site) == before, "a file was written")
    harmless(run, ended)
    return ended


def harmless(run: Judge, ended: Ended) -> None:
    """Nothing of it drives a terminal, and nothing of another file is shown."""
    found = CONTROL.search(ended.out + ended.err)
    run.holds("G9", found is None, f"{found and found[0]!r} is on the screen")
    run.holds("G9", "root:x:" not in ended.out + ended.err, "another file is on the screen")


def _all_but_pipes(site: Site) -> dict[str, bytes]:
    return {**contents(site), "outside": (site.folder.parent / "outside.csv").read_bytes()}


DOCUMENTS = {
    "an alias bomb": BOMB, "an alias to itself": "a: &a [*a]\n", "30,000 levels": "[" * 30_000,
    "a million levels": "- " * 1_000_000, "python/object": "!!python/object/apply:os.system [id]\n",
    "a tag": "version: !evil 1\n", "a merge key": "a: &a {b: 1}\nversion: {<<: *a}\n",
    "five megabytes": "a" * 5_000_000,
    "a control character": "version: 1\nname: \x1b[2J\n", "names of keys that escape": "\"\\e[2J\": 1\n",
    "thousands of documents": "--- {a: 1}\n" * 3_000, "NUL": "version: 1\0\n", "binary": "\x00\x01\x02",
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_g9_a_hostile_document_is_refused_at_once(job: Site, campaign: Campaign, name: str) -> None:
    (job.folder / "job.yaml").write_text(DOCUMENTS[name])
    for command in ("validate", "plan"):
        with campaign.run("S", f"{name}: {command}") as run:
            refused(run, job, command)


TEMPLATES = [*ESCAPES, *PADDING, "{% for a in row.text %}" * 9 + "x" + "{% endfor %}" * 9]


@pytest.mark.parametrize("place", ["prompt", "body", "sink", "key"])
def test_g9_no_template_gets_out_of_its_sandbox_or_makes_something_huge(
    job: Site, campaign: Campaign, place: str,
) -> None:
    (job.folder / "labels.csv").write_text("id,text\na," + "x" * 4_000 + "\n")
    whole = (job.folder / "job.yaml").read_text()
    each = TEMPLATES if place == "prompt" else TEMPLATES[::6]
    for source in campaign.sample(each, 8 if place == "prompt" else 2):
        (job.folder / "job.yaml").write_text(whole)
        quoted = json.dumps(source)
        match place:
            case "prompt":
                manifest(job, 'user: "{{ row.text }}"', f"user: {quoted}")
            case "body":
                manifest(job, "model: m-1", f"model: m-1\nbody: {{x: {quoted}}}")
            case "sink":
                manifest(job, "path: out/labels.jsonl", f"path: out/labels.jsonl, fields: {{x: {quoted}}}")
            case _:
                manifest(job, 'key: "{{ row.id }}"', f"key: {quoted}")
        with campaign.run("S", f"{place}: {source}") as run:
            refused(run, job, "validate", "--workers", "1")


@pytest.mark.parametrize("place", ["input", "sink", "template"])
def test_g9_no_path_leads_out_of_the_project(job: Site, campaign: Campaign, place: str) -> None:
    whole = (job.folder / "job.yaml").read_text()
    paths = [path for path in PATHS if not (place == "sink" and path.endswith(("link.csv", "config")))]
    for path in campaign.sample(paths, 6):
        (job.folder / "job.yaml").write_text(whole)
        old = {"input": "path: labels.csv", "sink": "path: out/labels.jsonl", "template": '"{{ row.text }}"'}[place]
        manifest(job, old, {"template": "{file: %s}"}.get(place, "path: %s, format: csv") % json.dumps(path))
        with campaign.run("S", f"{place}: {path}") as run:
            ended = job.run("validate", "--workers", "1")
            screens(run, ended)
            harmless(run, ended)
            run.holds("G9", "canary" not in ended.out + ended.err, "another file is on the screen")
            if _is_foreign_here(path):
                continue  # a file of that name in the project: there is none
            run.holds("G9", ended.code == 1, f"it was taken: {ended.code}: {ended.out}{ended.err}")


def _is_foreign_here(path: str) -> bool:
    """Names that lead elsewhere on Windows alone: here they may be sinks of the project."""
    return "\\" in path


def test_g9_rows_that_look_like_templates_arrive_as_they_are(job: Site, campaign: Campaign) -> None:
    texts = ["{{ 7*7 }}", "{% include '/etc/passwd' %}", "{# x #}", "{{ row }}", *ESCAPES[:4], *EVIL[1:5], *FORMULAS]
    texts = [text for text in texts if "\ud800" not in text]
    with open(job.folder / "labels.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text"])
        writer.writerows([f"r{at}", text] for at, text in enumerate(texts))
    rendered = job.run("render")
    sent = [json.loads(line)["body"]["messages"][0]["content"] for line in rendered.out.splitlines()]
    for text, content in zip(texts, sent, strict=True):
        with campaign.run("S", f"row: {text!r}") as run:
            run.holds("G9", content == text, f"{content!r} was sent")


class Hostile(FakeProvider):
    """Says `evil` in every text that a provider may choose, and answers with it."""

    evil = ""

    def handle(self, request: httpx.Request) -> httpx.Response:
        answer = super().handle(request)
        if not answer.headers.get("content-type", "").startswith("application/json") or request.method == "POST":
            return answer
        document = json.loads(answer.text)
        for one in document.get("data", [document]):
            if one.get("object") == "batch":
                one["errors"] = {"data": [{"code": self.evil, "message": self.evil, "line": 1, "param": self.evil}]}
                one["endpoint"] = one["completion_window"] = self.evil
                one["metadata"] = {**(one["metadata"] or {}), self.evil: self.evil}
        other = {"id": self.evil, "object": "batch", "status": self.evil, "created_at": 1, "metadata": {
            "batchctl_job": self.evil, "batchctl_shard": "0f" * 32, "batchctl_attempt": "1"}}
        if request.url.path.endswith("/batches"):
            document["data"].append(other)
        return httpx.Response(200, content=json.dumps(document), headers={"content-type": "application/json"})


VIEWS = ("plan -v", "plan --format markdown", "plan --format json", "status", "status --format markdown",
         "status --format json", "batches --all", "batches --all --format json", "lock list", "lock show labels",
         "lock verify", "gc --remote --dry-run", "wait --timeout 0.1")


#: An image, or a link that is not escaped.
_MARKUP = re.compile(r"<img|(?<!\\)\]\(")
_EVIL = (*EVIL, "../../../outside.csv", "/etc/passwd", "..", "a/../../b")


@pytest.mark.parametrize("evil", _EVIL, ids=ascii)
def test_g9_what_a_provider_says_drives_no_terminal_and_leads_nowhere(
    tmp_path: Path, zygote: Zygote, campaign: Campaign, evil: str,
) -> None:
    if campaign.quick and _EVIL.index(evil) % 4:
        pytest.skip("one of four in the quick part")
    with fresh(tmp_path, zygote) as site:
        site.wire.provider = provider = Hostile()
        provider.evil = evil
        site.write(labels={"a": "one", "b": "two"})
        site.wire.ends_after = 0
        around = set(site.folder.parent.iterdir())
        for command in ("apply --auto-approve", *campaign.sample(VIEWS, 3), "FINISH", "apply --auto-approve",
                        *campaign.sample(VIEWS, 2), "results"):
            if command == "FINISH":
                for batch in provider.live():
                    provider.finish(batch)
                _say(provider, evil)
                continue
            with campaign.run("S", f"{evil!r}: {command}") as run:
                ended = site.run(*command.split())
                screens(run, ended)
                if command != "results":  # to a pipe, results are what they are
                    harmless(run, ended)
                run.holds("G9", set(site.folder.parent.iterdir()) == around, "a file outside was made")
                if "markdown" in command:
                    run.holds("G9", _MARKUP.search(ended.out) is None, f"markup: {ended.out}")
        with campaign.run("S", f"{evil!r}: the sink") as run:
            sink = (site.folder / "out" / "labels.jsonl").read_bytes()
            records = [json.loads(line) for line in sink.splitlines()]
            run.holds("G9", len(records) == 2, f"{len(records)} records")
            known = (".batchctl/", "out/labels.jsonl", "job.", "labels.csv")
            other = [name for name in contents(site) if not name.startswith(known)]
            run.holds("G9", not other, f"other files: {other}")


def _say(provider: FakeProvider, evil: str) -> None:
    """Every answer is `evil`."""
    for identity, (name, content) in list(provider.files.items()):
        if "output" in name:
            lines = [json.loads(line) for line in content.splitlines()]
            for line in lines:
                line["response"]["body"]["choices"][0]["message"]["content"] = evil
            provider.files[identity] = (name, b"".join(json.dumps(line).encode() + b"\n" for line in lines))


@pytest.mark.parametrize("formula", FORMULAS, ids=ascii)
def test_g9_no_answer_is_a_formula_in_a_csv(tmp_path: Path, zygote: Zygote, campaign: Campaign, formula: str) -> None:
    with fresh(tmp_path, zygote) as site, campaign.run("S", f"formula {formula!r}") as run:
        site.write(labels={"a": "one"})
        manifest(site, "out/labels.jsonl", "out/labels.csv")
        site.wire.ends_after = 0
        site.run("apply", "--auto-approve")
        (batch,) = site.wire.provider.live()
        site.wire.provider.finish(batch)
        _say(site.wire.provider, formula)
        screens(run, site.run("apply", "--auto-approve"))
        with open(site.folder / "out" / "labels.csv", newline="") as file:
            (record,) = csv.DictReader(file)
        cells = [cell for cell in record.values() if cell.startswith(("=", "+", "@", "\t", "\r"))]
        run.holds("G9", not cells, f"formulas: {cells}")


@pytest.mark.parametrize(("name", "content"), [
    ("bomb.csv.gz", gzip.compress(b"id,text\n" + b"x" * (100 << 20), 9)),
    ("broken.csv.gz", gzip.compress(b"id,text\na,one\n")[:-9]),
    ("archive.csv", b"PK\x03\x04\x14\0" + b"\xed\xfe" * 100),
], ids=lambda value: value if isinstance(value, str) else "")
def test_g9_a_file_that_unpacks_without_end_is_refused(
    job: Site, campaign: Campaign, name: str, content: bytes,
) -> None:
    (job.folder / name).write_bytes(content)
    manifest(job, "path: labels.csv", f"path: {name}")
    with campaign.run("S", name) as run:
        refused(run, job, "validate", "--workers", "1")


def test_g9_a_schema_of_a_body_is_neither_fetched_nor_run(job: Site, campaign: Campaign) -> None:
    """A `$ref` that leads elsewhere is refused, as answers could not be checked; no pattern hangs."""
    remote, slow = {"$ref": f"{job.wire.base_url}/schema.json"}, {"type": "string", "pattern": "(a+)+$"}
    for schema, code in ((remote, 1), (slow, 0)):
        with campaign.run("S", str(schema)) as run:
            (job.folder / "labels.csv").write_text("id,text\na," + "a" * 60 + "!\n")
            job.write(labels={"a": "a" * 60 + "!"})
            manifest(job, "model: m-1", "model: m-1\nbody: " + json.dumps({"response_format": {
                "type": "json_schema", "json_schema": {"name": "x", "schema": schema}}}))
            calls, started = len(job.wire.provider.calls), time.monotonic()
            ended = job.run("validate")
            screens(run, ended)
            run.holds("G10", ended.code == code and time.monotonic() - started < _QUICK_S, ended.err[-300:])
            run.holds("G9", len(job.wire.provider.calls) == calls, "it was fetched")
