"""Keeps one comment under a pull request (GitHub) or a merge request (GitLab) up to date.

    comment.py NAME FILE

FILE is Markdown. The comment is found by a marker that holds NAME, among those that this token's owner wrote: somebody
else's comment with the same marker is never touched, or they could change afterwards what it says. COMMENT_TOKEN is
the token; the rest comes from the variables that a CI sets. After an error that may pass the list is read again, so
that an answer that was lost makes no second comment.
"""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: GitHub takes 65,536 characters.
LONGEST = 65_000
ATTEMPTS = 4
TIMEOUT_S = 30.0


class Passing(Exception):
    """Nobody answered, or said that it is busy: later it may work."""


class Denied(Exception):
    """The answer was no."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Forge:
    """Where comments are listed and made, where one is, by its id, and how that is updated. `author` is the key of the
    author in a comment, and `footer` says what the comment is about."""

    comments: str
    one: str
    me: str
    update: str
    author: str
    headers: Mapping[str, str] = field(repr=False)
    footer: str

    def ours(self, comment: Mapping[str, Any], me: int | None) -> bool:
        """Whether the token's owner wrote it. The token that GitHub gives a workflow may not ask who it is; then it is
        a bot, and people are not."""
        author = comment.get(self.author) or {}
        return author.get("type") == "Bot" if me is None else author.get("id") == me


def github(environ: Mapping[str, str]) -> Forge:
    """From the variables of GitHub Actions and the event of the run."""
    event = json.loads(Path(environ["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
    pull, repository = event["pull_request"], environ["GITHUB_REPOSITORY"]
    api = environ["GITHUB_API_URL"]
    run = f"{environ['GITHUB_SERVER_URL']}/{repository}/actions/runs/{environ['GITHUB_RUN_ID']}"
    return Forge(
        comments=f"{api}/repos/{repository}/issues/{int(pull['number'])}/comments",
        one=f"{api}/repos/{repository}/issues/comments/", me=f"{api}/user", update="PATCH", author="user",
        headers={"Authorization": f"Bearer {environ['COMMENT_TOKEN']}", "Accept": "application/vnd.github+json",
                 "X-GitHub-Api-Version": "2022-11-28"},
        footer=f"<sub>Of {pull['head']['sha'][:12]}, [run {environ['GITHUB_RUN_ID']}]({run}).</sub>")


def gitlab(environ: Mapping[str, str]) -> Forge:
    """From the variables of a merge request pipeline."""
    api = environ["CI_API_V4_URL"]
    notes = (f"{api}/projects/{environ['CI_MERGE_REQUEST_PROJECT_ID']}/merge_requests/"
             f"{environ['CI_MERGE_REQUEST_IID']}/notes")
    job = f"[job {environ['CI_JOB_ID']}]({environ['CI_JOB_URL']})"
    return Forge(
        comments=notes, one=f"{notes}/", me=f"{api}/user", update="PUT", author="author",
        headers={"PRIVATE-TOKEN": environ["COMMENT_TOKEN"]},
        footer=f"<sub>Of {environ['CI_COMMIT_SHORT_SHA']}, {job}.</sub>")


def keep(forge: Forge, name: str, text: str) -> str:
    """Makes the comment, or updates it; says which. Raises Passing or Denied."""
    marker = f"<!-- batchctl {name} -->"
    if len(text) > LONGEST:
        text = text[:LONGEST].rpartition("\n")[0] + "\n\nThe rest was cut; the run has it all.\n"
    body = {"body": f"{marker}\n{text.rstrip()}\n\n{forge.footer}\n"}
    me = _me(forge)
    for comment in _comments(forge):
        if str(comment.get("body") or "").startswith(marker) and forge.ours(comment, me):
            _call(forge, forge.update, f"{forge.one}{int(comment['id'])}", body)
            return "updated"
    _call(forge, "POST", forge.comments, body)
    return "made"


def _me(forge: Forge) -> int | None:
    try:
        answer, _ = _call(forge, "GET", forge.me)
    except Denied as denied:
        if denied.status in (401, 403, 404):
            return None
        raise
    return int(answer["id"])


def _comments(forge: Forge) -> Iterator[Mapping[str, Any]]:
    """All of them, oldest first, page by page. A page's address is made here: a link may lead elsewhere."""
    page = 1
    while True:
        found, link = _call(forge, "GET", f"{forge.comments}?per_page=100&page={page}&sort=asc&order_by=created_at")
        yield from found
        if not found or 'rel="next"' not in link:
            return
        page += 1


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect would take the token along."""

    def redirect_request(self, *_: object) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirects)


def _call(forge: Forge, method: str, url: str, body: object = None) -> tuple[Any, str]:
    """The answer, and its Link header."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {
        **forge.headers, "Content-Type": "application/json", "User-Agent": "batchctl-action"}, method=method)
    try:
        with _OPENER.open(request, timeout=TIMEOUT_S) as answer:
            return json.load(answer), answer.headers.get("Link", "")
    except urllib.error.HTTPError as error:
        said = f"{method} {url.partition('?')[0]} was answered with {error.code} {error.reason}"
        if error.code == 429 or error.code >= 500:
            raise Passing(said) from None
        raise Denied(error.code, said) from None
    except (OSError, ValueError) as error:
        raise Passing(f"{method} {url.partition('?')[0]}: {error}") from None


def main(name: str, file: str, environ: Mapping[str, str] = os.environ) -> int:
    on_github = environ.get("GITHUB_ACTIONS") == "true"
    forge = github(environ) if on_github else gitlab(environ)
    text = Path(file).read_text(encoding="utf-8")
    pause_s = float(environ.get("COMMENT_PAUSE_S", "2"))
    for attempt in range(1, ATTEMPTS + 1):
        try:
            print(f"The comment was {keep(forge, name, text)}.")
            return 0
        except Passing as passing:
            trouble = str(passing)
            if attempt < ATTEMPTS:
                time.sleep(pause_s * 2 ** (attempt - 1))
        except Denied as denied:
            trouble = f"{denied}; may the token write comments?"
            if denied.status in (401, 403, 404):
                trouble += (" The job needs `permissions: {pull-requests: write}`." if on_github
                            else " It needs the scope api and the role Reporter.")
            break
    trouble = " ".join(trouble.split())
    print(f"::error title=batchctl comment::{trouble}" if on_github else f"error: {trouble}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
