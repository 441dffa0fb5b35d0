"""S: a canary in every place where a key may stand is in no file, no screen, no log and no process (G8), while every
command runs at a provider that is well, and at ones that answer 401, 500 and HTML and repeat what they were sent."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.campaign.canaries import ALL, CELL, ENVIRON, VARIABLE, in_bytes, in_files, watched
from tests.campaign.judging import screens
from tests.campaign.programs import Site, Zygote, fresh
from tests.campaign.tally import Campaign
from tests.campaign.workloads import APPLY
from tests.faultlab.provider import FakeProvider

pytestmark = pytest.mark.campaign

MANIFEST = """\
version: 1
name: labels
provider:
  dialect: openai
  base_url: "{base_url}"
  api_key_env: FAKE_KEY
  headers: {{x-gateway-key: {{env: HEADER_KEY, prefix: "Bearer "}}}}
model: m-1
vars: {{kind: label}}
inputs: [{{path: labels.csv, key: "{{{{ row.id }}}}"}}]
prompt: {{user: "{{{{ row.text }}}} {{{{ 'x' if vars.kind }}}}"}}
sinks: [{{path: out/labels.jsonl, fields: {{id: "{{{{ row.id }}}}", said: "{{{{ text }}}}"}}}}]
"""


class Leaky(FakeProvider):
    """Repeats the headers that it got in each answer, in one of several ways."""

    mode = "well"

    def handle(self, request: httpx.Request) -> httpx.Response:
        if self.mode == "well":
            return super().handle(request)
        self.calls.append((request.method, request.url.path))
        said = "; ".join(f"{name}: {value}" for name, value in request.headers.items())
        match self.mode:
            case "401":
                return httpx.Response(401, json={"error": {"message": f"Incorrect key: {said}", "code": said}})
            case "500":
                return httpx.Response(500, text=f"Internal error: {said}", headers={"retry-after": "9999"})
            case "HTML":
                return httpx.Response(200, html=f"<html><body>{said}</body></html>")
        return self._in_batches(request, said)

    def _in_batches(self, request: httpx.Request, said: str) -> httpx.Response:
        """A batch that failed, and says so with all that it was sent."""
        code = request.headers.get("authorization", "").removeprefix("Bearer ")
        failed = [{**batch.shown(), "status": "failed", "output_file_id": None, "errors": {"data": [
            {"code": code, "message": said, "line": 1}]}, "endpoint": said} for batch in self.batches.values()]
        if request.url.path.endswith("/batches"):
            return httpx.Response(200, json={"data": failed, "has_more": False})
        return httpx.Response(200, json=failed[0] if failed else {"id": said, "filename": said})


#: Every command, once. BATCH stands for the id of the recorded batch. The last ones change what is recorded.
COMMANDS = tuple(line.split() for line in """\
validate
validate --format json
render
plan
plan -v
plan --format json
plan --format markdown
plan --offline
plan --out saved.plan
status
status --format json
status --format markdown
wait --timeout 0.2
results
results --format csv
lock list
lock show labels
lock verify
batches
batches --all --format json
gc --dry-run
gc --remote --dry-run
gc --remote --results
unlock 0123
providers
schema job
completion bash
init new
apply saved.plan
apply --auto-approve
apply --auto-approve --wait --timeout 0.5
apply --auto-approve --format json
apply --auto-approve --format markdown
import labels BATCH
cancel BATCH
cancel labels
destroy --auto-approve
lock mv labels others
lock rm others BATCH
plan --var kind
""".splitlines())


@pytest.fixture
def leaky(tmp_path: Path, zygote: Zygote) -> Iterator[Site]:
    """A job whose batch is live, with a canary in each place."""
    with fresh(tmp_path, zygote) as site:
        site.wire.provider = Leaky()
        site.environ = {**ENVIRON, "TMPDIR": str(site.screens), "BATCHCTL_RUN_LOCK_TIMEOUT": "1"}
        (site.folder / "job.yaml").write_text(MANIFEST.format(base_url=site.wire.base_url))
        (site.folder / "labels.csv").write_text(f"id,text,private\na,one,{CELL}\nb,two,{CELL}\n")
        site.wire.ends_after = 0
        assert site.run("apply", "--auto-approve").code == 0
        yield site


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked at in /proc")
@pytest.mark.parametrize("mode", ["well", "401", "500", "HTML", "in batches"])
def test_g8_no_command_leaves_a_key_anywhere(leaky: Site, campaign: Campaign, mode: str) -> None:
    provider = leaky.wire.provider
    assert isinstance(provider, Leaky)
    (batch,) = provider.batches
    provider.mode = mode
    for number, command in enumerate(campaign.sample(COMMANDS, 26)):
        arguments = [word.replace("BATCH", batch) for word in command]
        with campaign.run("S", f"{mode}: {' '.join(arguments)}") as run:
            options = ["--log-file", str(leaky.screens / f"{number}.log")]
            ended = leaky.run(*options, *arguments)
            screens(run, ended)
            shown = (ended.out + ended.err).encode()
            run.holds("G8", not in_bytes(shown), f"{in_bytes(shown)} on the screen: {shown[-700:]!r}")
            files = in_files(leaky.folder)
            files.pop("labels.csv", None)
            run.holds("G8", not files, f"in files of the project: {files}")
            run.holds("G8", not in_files(leaky.screens), f"in logs or temporary files: {in_files(leaky.screens)}")


def test_g8_workers_get_no_key_by_their_environment_or_command_line(leaky: Site, campaign: Campaign) -> None:
    lines = "".join(f"r{at},text {at},{CELL}\n" for at in range(3_000))
    (leaky.folder / "labels.csv").write_text("id,text,private\n" + lines)
    for command in ("validate", "render", "plan --offline", "results"):
        with campaign.run("S", f"workers of {command}") as run:
            with watched(leaky) as found:
                ended = leaky.run(*command.split(), "--workers", "2")
            assert ended.code == 0, ended.err
            assert "a worker was seen" in found
            run.holds("G8", not found - {"a worker was seen"}, str(found))


def test_g8_a_variable_of_the_command_line_stays_out_of_all_but_what_it_is_for(
    leaky: Site, campaign: Campaign,
) -> None:
    """It may be in rendered requests, and is in the JSON of a plan, which says how to make the plan again."""
    for command in ("validate", "plan", "plan --format markdown", "status", "status --format json", "results",
                    " ".join(APPLY) + " --timeout 0.5", "plan --target nobody", "destroy --auto-approve"):
        with campaign.run("S", f"--var: {command}") as run:
            ended = leaky.run("--log-file", str(leaky.screens / "log"), *command.split(), "--var", f"kind={VARIABLE}")
            screens(run, ended)
            shown = (ended.out + ended.err).encode()
            run.holds("G8", not in_bytes(shown), f"on the screen: {shown[-700:]!r}")
            found = {**in_files(leaky.folder, (VARIABLE,)), **in_files(leaky.screens, (VARIABLE,))}
            run.holds("G8", not found, f"in files: {found}")


BAD_MANIFESTS = {
    "a password in base_url": 'provider: {dialect: openai, base_url: "https://user:SECRET@h.test/v1"}',
    "a key in the query of base_url": 'provider: {dialect: openai, base_url: "https://h.test/v1?key=SECRET"}',
    "a password in an unusable URL": 'provider: {dialect: openai, base_url: "ftp://user:SECRET@h.test"}',
    "a password in upstream": 'provider: {dialect: local, upstream: "http://user:SECRET@h.test/v1"}',
    "a literal Authorization": 'provider: {dialect: openai, base_url: "https://h.test/v1", headers: '
                               '{authorization: "Bearer SECRET"}}',
    "a literal x-api-key": 'provider: {dialect: openai, base_url: "https://h.test/v1", headers: {x-api-key: SECRET}}',
    "a literal cookie": 'provider: {dialect: openai, base_url: "https://h.test/v1", headers: {cookie: "a=SECRET"}}',
    "a bearer in a harmless header": 'provider: {dialect: openai, base_url: "https://h.test/v1", headers: '
                                     '{x-team: "Bearer SECRET"}}',
    "a key in a Portkey config": 'provider: {dialect: portkey, headers: {x-portkey-config: '
                                 '"{\\"provider\\":\\"openai\\",\\"api_key\\":\\"SECRET\\"}"}}',
    "a virtual key": 'provider: {dialect: portkey, headers: {x-portkey-virtual-key: SECRET}}',
}


@pytest.mark.parametrize("name", BAD_MANIFESTS)
def test_g8_a_credential_in_a_manifest_is_refused_and_not_repeated(
    tmp_path: Path, zygote: Zygote, campaign: Campaign, name: str,
) -> None:
    with fresh(tmp_path, zygote) as site:
        base = MANIFEST.format(base_url="https://h.test/v1").splitlines()
        bad = [*base[:2], BAD_MANIFESTS[name].replace("SECRET", VARIABLE), *base[7:]]
        (site.folder / "job.yaml").write_text("\n".join(bad) + "\n")
        (site.folder / "labels.csv").write_text("id,text\na,one\n")
        for command in ("validate", "validate --format json", "-v plan --offline --format markdown",
                        "apply --auto-approve"):
            with campaign.run("S", f"{name}: {command}") as run:
                ended = site.run("--log-file", str(site.screens / "log"), *command.split())
                screens(run, ended)
                run.holds("G8", ended.code == 1, f"it was taken: {ended.code}: {ended.out}{ended.err}")
                shown = (ended.out + ended.err).encode() + (site.screens / "log").read_bytes()
                run.holds("G8", not in_bytes(shown, ALL), f"on the screen or in the log: {shown[-900:]!r}")
                run.holds("G8", not site.lockfile.exists() and not site.store.exists(), "something was written")


def test_g8_a_bug_tells_its_traceback_without_secrets(leaky: Site, campaign: Campaign) -> None:
    """A store that no code expects: its index names an outcome that does not exist."""
    provider = leaky.wire.provider
    provider.finish(*provider.live())
    assert leaky.run("apply", "--auto-approve").code == 0
    for path in leaky.store.rglob("answers.bin"):
        data = bytearray(path.read_bytes())
        data[10] = 250
        path.write_bytes(data)
    for command in ("results", "-v results", "plan", "apply --auto-approve"):
        with campaign.run("S", f"a damaged store: {command}") as run:
            ended = leaky.run("--log-file", str(leaky.screens / "log"), *command.split())
            shown = (ended.out + ended.err).encode()
            run.holds("G8", not in_bytes(shown), f"on the screen: {shown[-700:]!r}")
            run.holds("G8", not in_files(leaky.screens), f"in logs or temporary files: {in_files(leaky.screens)}")
            run.holds("G10", ended.code != 70, f"a bug: {ended.err[-800:]}")


def test_the_canaries_are_found_where_they_are(leaky: Site) -> None:
    """What looks for them sees them: in the input, and in the rendered request where they are asked for."""
    assert in_files(leaky.folder) == {"labels.csv": [CELL]}
    manifest = leaky.folder / "job.yaml"
    manifest.write_text(manifest.read_text().replace("row.text", "row.private"))
    rendered = leaky.run("render").out
    assert CELL in json.loads(rendered.splitlines()[0])["body"]["messages"][0]["content"]
