"""The families of faults, and how many runs each must have: fewer fail the campaign."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Family:
    """`runs` is the least number of faulty runs in the whole campaign, `quick` that in its quick part. `without` says
    what of the catalogue's family is not tried, and why."""

    id: str
    fault: str
    runs: int
    quick: int
    without: str = ""


FAMILIES = {one.id: one for one in (
    Family("F1", "SIGKILL around every call to the provider", 270, 50),
    Family("F2", "a second SIGKILL while recovering from the first", 1_300, 60),
    Family("F3", "SIGKILL at every file operation and system call", 150, 40),
    Family("F4", "errors of the disk, once and for good", 900, 60),
    Family("F5", "faults of HTTP before a call is carried out", 775, 150),
    Family("F6", "faults of HTTP after a call was carried out", 120, 40),
    Family("F7", "a list that lags behind", 20, 20),
    Family("F8", "several applies without a common lock", 770, 90),
    Family("F9", "several applies with a lock, and dead or stopped holders", 40, 8,
           "a store of leases that fails: the run lock is one of the operating system, which knows no leases"),
    Family("F10", "damaged, foreign, older and newer lockfiles; lost files", 4_100, 400),
    Family("F11", "batches and files that change behind its back", 25, 25),
    Family("F12", "damaged results", 200, 60),
    Family("F13", "clocks that are wrong or jump", 10, 10),
    Family("F14", "signals at every event", 60, 12),
    Family("F15", "random histories of edits, deaths, losses and remote events", 2_000, 40),
    Family("F16", "files and calls of earlier releases", 10, 10),
    Family("F17", "other hash seeds, locales, time zones, folders and Pythons", 60, 12,
           "Python 3.10, for which batchctl is not, and other systems than the one that the campaign runs on"),
    Family("F18", "scale: requests, bytes, jobs, batches", 6, 1),
    Family("S", "hostile manifests, rows, answers and terminals; a canary for secrets", 150, 100),
    Family("Z", "fuzzed manifests, lockfiles, results and answers", 20_000, 1_000),
    Family("M", "mutants of the product, each of which must be caught", 24, 0),
)}

PROMISES = {
    "G1": "never paid twice",
    "G2": "no orphan",
    "G3": "never torn",
    "G4": "every row is accounted for",
    "G5": "plan changes nothing",
    "G6": "convergence",
    "G7": "determinism",
    "G8": "no secret",
    "G9": "hostile data stays data",
    "G10": "exit 0 means done",
}
