"""Finds out why a job that was asked before has requests to create, from the shards that the store still has.

It renders again only what is to be created, and no more of it than the bounds below; it writes nothing, and asks no
provider.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from itertools import compress, islice
from pathlib import Path

from batchctl.act.project import Project
from batchctl.decide.changed import Changed, Comparison, Example
from batchctl.decide.finding import NOBODY, Finder
from batchctl.decide.known import KnownBatch, Phase
from batchctl.decide.parts import Asked
from batchctl.decide.plan import JobPlan, Kind
from batchctl.decide.standing import answers_count
from batchctl.desired.job import Job
from batchctl.desired.render.lines import lines
from batchctl.desired.render.repeats import unique
from batchctl.desired.render.survey import Desired
from batchctl.words.digest import id_of, key_part
from batchctl.words.errors import BatchctlError

#: As many requests, of as many bytes in all, are held against earlier ones.
_LOOKED_AT = 10_000
_MOST_BYTES = 16 * 2**20
#: As many earlier requests are tried for one without a key, by as many characters of each.
_TRIED = 100
_MOST_CHARACTERS = 4000
#: How much alike two requests must be for one to be shown beside the other (difflib's ratio).
_ALIKE = 0.5

_CUSTOM_ID = b'"custom_id":"'


def explain(project: Project, plan: JobPlan, *, example: bool = False) -> Changed | None:
    """Why requests are created though the job was asked before; None where none are. `example`: look for one that can
    be shown also where rows have no key."""
    created = [action for action in plan.of(Kind.CREATE) if action.reason == "changed"]
    job, desired = project.jobs.get(plan.job), project.surveys.get(plan.job)
    if not created or job is None or desired is None:
        return None
    positions = array("I", sorted(at for action in created for at in action.positions or ()))
    found = Changed(len(positions), plan.requests, keyed=all(entry.key is not None for entry in job.inputs))
    try:
        return _explained(project, plan, _Asking(job, desired, positions), found, example=example)
    except BatchctlError as failure:
        return replace(found, why=failure.message)
    except OSError as error:
        return replace(found, why=f"the store cannot be read: {error.strerror or error}")


@dataclass(frozen=True, slots=True)
class _Asking:
    """The requests of a job, and the positions of those that are created."""

    job: Job
    desired: Desired
    positions: array[int]

    def lines(self, most: int) -> Iterator[bytes]:
        """The lines of the first ones, within the bounds. Raises what rendering raises."""
        wanted, size = array("I"), 0
        for at in self.positions[:most]:
            size += self.desired.lengths[at]
            if size > _MOST_BYTES and wanted:
                break
            wanted.append(at)
        with closing(lines(self.job, self.desired, wanted)) as found:
            # Not to the end, for which the rest of the inputs would be read.
            yield from (line for _, line in islice(found, len(wanted)))


@dataclass(frozen=True, slots=True)
class _Shard:
    """A file with so many requests, and the revision at which they were sent, None where nobody knows."""

    path: Path
    requests: int
    revision: int | None


@dataclass(slots=True)
class _Earlier:
    """What is known of what was asked before. `shards` have requests that are not asked any more, the newest first;
    batches that are `missing` have some, too, or may have, and no shard in the store."""

    shards: list[_Shard] = field(default_factory=list)
    missing: list[KnownBatch] = field(default_factory=list)
    gone: bytearray = field(default_factory=bytearray)
    counted: int = 0

    @property
    def distinct(self) -> int:
        """How many requests are not asked any more; one that was asked several times is one."""
        return len(unique(self.gone)[0])


def _explained(project: Project, plan: JobPlan, asking: _Asking, found: Changed, *, example: bool) -> Changed:
    finder = Finder(asking.desired.ids)
    earlier = _earlier(project, plan, asking.job, finder)
    if not earlier.counted:
        return replace(found, why="what another server answered does not count for this one")
    found = replace(found, gone=earlier.distinct, recorded=_recorded(asking.job, earlier.missing))
    if not found.keyed:
        made = replace(found, looked_at=found.requests, new=found.requests)
        return replace(made, example=_closest(asking, earlier, finder)) if example else made
    if not earlier.shards:
        # Either nothing can be replaced, or nobody can tell what.
        return replace(found, looked_at=found.requests, new=0 if earlier.missing else found.requests)
    return _compared(asking, earlier, finder, found)


def _earlier(project: Project, plan: JobPlan, job: Job, finder: Finder) -> _Earlier:
    made = _Earlier()
    for batch in reversed(plan.standing.batches):
        if batch.phase is Phase.INTENT or not answers_count(batch, job.provider.where.scope):
            continue
        made.counted += 1
        if batch.ids is None:
            made.missing.append(batch)
            continue
        positions = finder.positions(batch.ids)
        if isinstance(positions, range):
            continue
        gone = b"".join(compress(batch.ids, map(NOBODY.__eq__, positions)))
        made.gone += gone
        path = project.store.shard_path(batch.record.shard)
        if gone and path.is_file():
            made.shards.append(_Shard(path, len(batch.ids), batch.record.revision))
        elif gone:
            made.missing.append(batch)
    return made


def _recorded(job: Job, missing: Iterable[KnownBatch]) -> tuple[str, ...]:
    """What differs between these batches and the job of today, by what the lockfile says of all of them."""
    models = {batch.record.model for batch in missing}
    revisions = {batch.record.revision for batch in missing}
    return tuple(word for word, known, today in (("model", models, job.model), ("revision", revisions, job.revision))
                 if known and not {None, today} & known)


def _compared(asking: _Asking, earlier: _Earlier, finder: Finder, found: Changed) -> Changed:
    sought: dict[str, bytes] = {}
    alike: set[str] = set()
    looked_at = 0
    for line in asking.lines(_LOOKED_AT):
        looked_at += 1
        key = key_part(_custom_id(line)) or ""
        if key in sought:
            alike.add(key)
        sought[key] = line
    # Keys that look alike in a custom_id, or have no character that one may have: nobody can tell them apart.
    for key in alike | {""}:
        sought.pop(key, None)
    comparison, whole = Comparison(), not earlier.missing
    for shard in earlier.shards:
        whole = _compare(shard, sought, finder, asking.job, comparison) and whole
        if not sought:
            break
    kinds = comparison.kinds(all_changed=found.requests == found.of)
    return replace(found, looked_at=looked_at, new=len(sought) if whole else 0, replaced=kinds,
                   example=next((kind.example for kind in kinds), None))


def _compare(shard: _Shard, sought: dict[str, bytes], finder: Finder, job: Job, comparison: Comparison) -> bool:
    """Takes those out of `sought` whose earlier request is in this shard. Returns False for a file that lacks some."""
    left = shard.requests
    with open(shard.path, "rb") as file:
        for line in file:
            custom = _custom_id(line)
            left -= bool(custom)
            key = key_part(custom)
            if key not in sought or key is None or _is_asked(custom, finder):
                continue
            old, new = _asked(line, shard.revision), _asked(sought.pop(key), job.revision)
            if old is not None and new is not None:
                comparison.add(old, new)
            if not sought:
                return True
    return left <= 0


def _closest(asking: _Asking, earlier: _Earlier, finder: Finder) -> Example | None:
    """The first request beside the earlier one that is most like it."""
    now = next((_asked(line, asking.job.revision) for line in asking.lines(1)), None)
    if now is None:
        return None
    matcher = SequenceMatcher(None, autojunk=False)
    matcher.set_seq2(_in_short(now))
    best, example = _ALIKE, None
    for old in islice(_unasked(earlier, finder), _TRIED):
        matcher.set_seq1(_in_short(old))
        if matcher.real_quick_ratio() > best and matcher.quick_ratio() > best and (ratio := matcher.ratio()) > best:
            best, example = ratio, Example(old, now, by_key=False)
    return example


def _unasked(earlier: _Earlier, finder: Finder) -> Iterator[Asked]:
    """What was asked, and is not any more."""
    for shard in earlier.shards:
        with open(shard.path, "rb") as file:
            for line in file:
                if not _is_asked(_custom_id(line), finder) and (asked := _asked(line, shard.revision)) is not None:
                    yield asked


def _in_short(asked: Asked) -> str:
    return json.dumps(asked.body, sort_keys=True)[:_MOST_CHARACTERS]


def _is_asked(custom: str, finder: Finder) -> bool:
    """Whether the request with this custom_id is asked today; True also for what is no request of batchctl's."""
    identity = id_of(custom)
    return identity is None or finder.find(identity) is not None


def _custom_id(line: bytes) -> str:
    """That of a rendered line, in which it comes after the body; "" where there is none."""
    start = line.rfind(_CUSTOM_ID) + len(_CUSTOM_ID)
    end = line.find(b'"', start)
    return line[start:end].decode("ascii", "replace") if start >= len(_CUSTOM_ID) and end >= 0 else ""


def _asked(line: bytes, revision: int | None) -> Asked | None:
    """A rendered line; None for what is none, as in a file that is damaged."""
    try:
        raw = json.loads(line)
        asked = Asked(raw["custom_id"], raw["url"], raw["body"], revision)
    except (ValueError, RecursionError, KeyError, TypeError):
        return None
    return asked if isinstance(asked.body, dict) and isinstance(asked.url, str) else None
