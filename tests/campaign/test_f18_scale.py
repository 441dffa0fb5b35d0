"""F18: many requests, many bytes, many jobs, many shards, and an account with many batches: all is done, in memory that
does not grow with it. Speed is a matter of tests/benchmarks."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.campaign import judging
from tests.campaign.programs import Ended, Site, Zygote, fresh
from tests.campaign.tally import Campaign, Judge
from tests.campaign.workloads import APPLY
from tests.faultlab.provider import Batch

pytestmark = pytest.mark.campaign

#: KiB of the largest process, the interpreter and all imports included.
_MOST_RSS = 300 * 1024


def many_requests(run: Judge, site: Site) -> Ended:
    site.write(labels={f"k{number}": f"text {number}" for number in range(50_000)})
    return settled(run, site, {"labels": 50_000})


def many_bytes(run: Judge, site: Site) -> Ended:
    """200 MB of rows."""
    site.write(labels={f"k{number}": "word " * 20_000 for number in range(2_000)})
    ended = site.run("plan")
    run.holds("G10", ended.code == 0 and "2,000" in ended.out, f"{ended.code}: {ended.out}{ended.err}")
    return ended


def many_shards(run: Judge, site: Site) -> Ended:
    """As many batches in one lockfile."""
    site.write(max_requests=1, labels={f"k{number}": f"text {number}" for number in range(1_000)})
    return settled(run, site, {"labels": 1_000})


def many_jobs(run: Judge, site: Site) -> Ended:
    names = [f"job-{number}" for number in range(1_000)]
    site.write(**{name: {"a": name} for name in names})
    ended = site.run("plan", "--offline", "--format", "json")
    planned = [job["job"] for job in json.loads(ended.out)["jobs"]] if ended.code == 0 else []
    run.holds("G10", planned == names, f"{ended.code}: {len(planned)} jobs; {ended.err[-500:]}")
    return ended


def many_foreign_batches(run: Judge, site: Site) -> Ended:
    """10,000 batches of others in the list, which is paged through before anything is made."""
    provider = site.wire.provider
    provider.page = 100
    for number in range(10_000):
        made = Batch(f"theirs-{number}", "file-x", 1_600_000_000 + number, {"team": "x"}, [], status="completed")
        provider.batches[made.id] = made
    site.write(labels={"a": "one"})
    ended = site.run(*APPLY)
    run.holds("G10", ended.code == 0, f"{ended.code}: {ended.err[-500:]}")
    reads = provider.calls.count(("GET", "/batches"))
    run.holds("G1", reads >= 100, f"the list was read in {reads} calls only")
    judging.every_row(run, site, {"labels": {"a": "one"}})
    return ended


def many_failures(run: Judge, site: Site) -> Ended:
    """Every request fails for good, and each has its record."""
    site.wire.ends_after = 0
    site.write(labels={f"k{number}": f"text {number}" for number in range(20_000)})
    run.holds("G10", site.run("apply", "--auto-approve").code == 0, "it was not sent")
    site.wire.provider.finish(*site.wire.provider.live(), fail=lambda at: 400)
    ended = site.run(*APPLY)
    run.holds("G10", ended.code == 3, f"{ended.code}: {ended.err[-500:]}")
    lines = (site.folder / "out" / "labels.jsonl").read_bytes().splitlines()
    failed = sum(json.loads(line)["status"] == "failed" for line in lines)
    run.holds("G4", failed == 20_000, f"{failed} records of failures")
    return ended


def settled(run: Judge, site: Site, rows: dict[str, int]) -> Ended:
    ended = site.run(*APPLY)
    run.holds("G10", ended.code == 0, f"{ended.code}: {ended.err[-500:]}")
    judging.paid_once(run, site)
    for name, count in rows.items():
        written = (site.folder / "out" / f"{name}.jsonl").read_bytes().count(b"\n")
        run.holds("G4", written == count, f"{written} records of {count}")
    planned = site.run("plan", "--detailed-exitcode")
    run.holds("G6", planned.code == 0, f"the plan ended with {planned.code}")
    return max(ended, planned, key=lambda one: one.rss)


@pytest.mark.parametrize("scene", [many_requests, many_bytes, many_shards, many_jobs, many_foreign_batches,
                                   many_failures], ids=lambda scene: scene.__name__)
def test_g4_g10_scale_takes_no_more_memory(
    tmp_path: Path, zygote: Zygote, campaign: Campaign, scene: Callable[[Judge, Site], Ended],
) -> None:
    if campaign.quick and scene is not many_foreign_batches:
        pytest.skip("in the whole campaign only")
    with fresh(tmp_path, zygote) as site, campaign.run("F18", scene.__name__) as run:
        ended = scene(run, site)
        assert ended.rss <= _MOST_RSS, f"{ended.rss / 1024:.0f} MiB"
