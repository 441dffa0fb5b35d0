"""Every expected failure as one tree, each with the exit code that it leads to.

    BatchctlError                    1
    ├── InvalidInput                 1   manifests, inputs, templates, rendered lines
    ├── StateError                   1   a lockfile or a store that cannot be read or written
    ├── LocalServerError             1   the embedded server does not start or answer
    ├── RemoteError                  1
    │   ├── Refusal                  1   the provider said no: nothing was made
    │   │   └── AtCapacity           1   it has too much to do for us: later it will take the same
    │   ├── Unavailable              1   a read that kept failing
    │   └── OutcomeUnknown           5   a write whose answer was lost
    ├── UsageError                  64
    └── Refused                      5   batchctl will not go on
        ├── StalePlan                5
        ├── RunLockHeld              5
        ├── OverBudget               5
        ├── AmbiguousRemote          5
        └── UntrustedAddress         5
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from batchctl.words.diagnostics import Diagnostic


class ExitCode:
    """The published exit codes; see the README."""

    DONE = 0
    FAILED = 1
    CHANGES = 2
    INCOMPLETE = 3
    RUNNING = 4
    REFUSED = 5
    USAGE = 64
    BUG = 70
    HUNG_UP = 129
    INTERRUPTED = 130
    OUTPUT_CLOSED = 141
    TERMINATED = 143


class BatchctlError(Exception):
    """An expected failure: shown without a traceback, and mapped to `exit_code`."""

    exit_code: ClassVar[int] = ExitCode.FAILED
    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, notes: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.notes = tuple(notes)

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """What a view shows for this failure."""
        return (Diagnostic(code=self.code, message=self.message, notes=self.notes),)


class InvalidInput(BatchctlError):
    """What the user wrote cannot be used; carries every mistake that was found, not only the first."""

    code = "invalid-input"

    def __init__(self, findings: Iterable[Diagnostic]) -> None:
        self.findings = tuple(findings)
        super().__init__("; ".join(str(finding) for finding in self.findings[:3]) or "invalid input")

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        return self.findings


class StateError(BatchctlError):
    """A lockfile or a store cannot be read, or cannot be written."""

    code = "state"


class LocalServerError(BatchctlError):
    """The embedded batch server could not be started or joined."""

    code = "local-server"


class RemoteError(BatchctlError):
    """A call to a provider did not succeed."""

    code = "provider"


class Refusal(RemoteError):
    """The provider answered, and its answer proves that nothing was made.

    `status` is the HTTP status; `error_code` the provider's own code where it gave one;
    `retry_after_s` the wait that it asked for, in seconds.
    """

    code = "refused-by-provider"

    def __init__(
        self, message: str, *, status: int, error_code: str | None = None,
        retry_after_s: float | None = None, notes: Iterable[str] = (),
    ) -> None:
        super().__init__(message, notes=notes)
        self.status = status
        self.error_code = error_code
        self.retry_after_s = retry_after_s


class AtCapacity(Refusal):
    """The account's queue is full: the same create may be taken later."""

    code = "at-capacity"


class Unavailable(RemoteError):
    """A read that kept failing. `retry_after_s` is the wait that was asked for at last, in seconds."""

    code = "provider-unavailable"

    def __init__(self, message: str, *, retry_after_s: float | None = None, notes: Iterable[str] = ()) -> None:
        super().__init__(message, notes=notes)
        self.retry_after_s = retry_after_s


class OutcomeUnknown(RemoteError):
    """Bytes of a write left this machine and no usable answer came back: it may have happened or not."""

    exit_code = ExitCode.REFUSED
    code = "outcome-unknown"


class UsageError(BatchctlError):
    """The command line is wrong."""

    exit_code = ExitCode.USAGE
    code = "usage"


class Refused(BatchctlError):
    """Going on would break a promise, so batchctl does not."""

    exit_code = ExitCode.REFUSED
    code = "refused"


class StalePlan(Refused):
    """A saved plan no longer describes what is there."""

    code = "stale-plan"


class RunLockHeld(Refused):
    """Another apply holds the run lock."""

    code = "run-lock-held"


class OverBudget(Refused):
    """The plan would go over the manifest's budget."""

    code = "over-budget"


class AmbiguousRemote(Refused):
    """What the provider has cannot be told for sure, so nothing is created."""

    code = "ambiguous-remote"


class ListAway(AmbiguousRemote):
    """The list that has to be read before a create cannot be read, as the provider is down: later it may be."""


class UntrustedAddress(Refused):
    """Only the lockfile knows an address, and the key that it wants there."""

    code = "untrusted-address"


#: Over several jobs the worst outcome decides, in this order (design: "the first of 70, 1, 5, 4, 3, 0").
SEVERITY_ORDER = (
    ExitCode.BUG, ExitCode.FAILED, ExitCode.REFUSED, ExitCode.RUNNING, ExitCode.INCOMPLETE, ExitCode.DONE,
)


def worst(codes: Iterable[int]) -> int:
    """The exit code of a run over several jobs."""
    seen = set(codes)
    known = (code for code in SEVERITY_ORDER if code in seen and code != ExitCode.DONE)
    # A code that has no place in the order is no success either.
    return next(known, max(seen, default=ExitCode.DONE))
