"""Breaks of the product, each of which a family of the campaign must catch: else the campaign proves nothing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutant:
    """In `file`, `old` stands once and becomes `new`; the tests of `family`, or those that `only` (pytest's -k) names,
    then see `promise` violated, or the program `crash`."""

    name: str
    file: str
    old: str
    new: str
    family: str
    promise: str
    only: str = ""
    crash: bool = False


MUTANTS = (
    # The order of writes, and files that are whole.
    Mutant("a file is written in its place", "recorded/durable.py",
           "    temporary = target.with_name(f\".{target.name}.{secrets.token_hex(6)}{_SUFFIX}\")\n",
           "    temporary = target\n    target.unlink(missing_ok=True)\n", "f03", "G3", "W1"),
    Mutant("what a killed run left is not swept", "act/passes.py", "    project.sweep()\n", "", "f02", "G3",
           "at_file-at_file"),
    Mutant("a create is not shielded from signals", "act/create.py", "                with interrupts_held():\n",
           "                if True:\n", "f14", "G2", "any_call_ends"),
    # Creates, and what becomes of them.
    Mutant("a create is repeated after any failure", "remote/retry.py",
           "CREATE = RetryRule(\n    again=frozenset({Failure.NOT_SENT, Failure.BUSY}), "
           "unknown=frozenset({Failure.NO_ANSWER, Failure.BROKEN}),",
           "CREATE = RetryRule(\n    again=_ALL_BUT_REFUSED, unknown=_NOTHING,", "f06", "G1"),
    Mutant("a list that is silent once is believed", "act/intents.py", "        if left <= 0:\n",
           "        if True:\n", "f07", "G1"),
    Mutant("an answer that is no list is an empty list", "remote/paging.py",
           "raise Unavailable(f\"GET {path}: the provider answered without a list\")", "return []", "f05", "G1",
           "list or before"),
    Mutant("a batch of ours that another job's record has is not adopted", "act/situation.py", "remote.id in own:",
           "remote.id in own | elsewhere:", "f10", "G1", "damage"),
    # Several at once.
    Mutant("after a create the list is not read again", "act/jobrun.py",
           "        if self._created:\n            self._recheck()",
           "        if not self._created:\n            self._recheck()", "f08", "G1"),
    Mutant("the older batch gives way", "decide/doubles.py", "batches[:place]", "batches[place + 1 :]", "f08", "G1"),
    Mutant("a run that was cut off goes on", "recorded/runlock.py",
           "        if holder is None or holder.id != self._id:\n            raise Refused",
           "        if False:\n            raise Refused", "f09", "G1"),
    # Results.
    Mutant("results that cannot be known count as missing", "act/fetch.py", "return Outcome.LOST",
           "return Outcome.MISSING", "f11", "G1"),
    Mutant("lines of others count as answers", "act/fetch.py", "            if asked is None or answer.id in asked:\n",
           "            if True:\n", "f12", "G1", "output"),
    Mutant("files that lag are taken as they are", "act/fetch.py",
           "    if counts.completed > completed and _answered(remote, record) > len(index) and may_lag:\n",
           "    if False:\n", "f12", "G1", "output"),
    Mutant("this machine's clock judges what lags", "act/jobrun.py", "now=provider.http.now_there(self._desk.now())",
           "now=self._desk.now()", "f13", "G1", "late"),
    Mutant("the last row of a block has no record", "act/sinks/joining.py",
           "            if joined is not None and joined.state in self._taken:\n",
           "            if joined is not None and joined.state in self._taken and row is not rows[-1]:\n", "f01", "G4",
           "W1"),
    # What a plan is, and what an end is.
    Mutant("a plan prepares the store", "act/passes.py", "    desk = project.looking(providers, options, emit)\n",
           "    project.store.prepare()\n    desk = project.looking(providers, options, emit)\n", "f10_lost", "G5",
           "older_copy"),
    Mutant("an unfinished create is never given up", "act/intents.py",
           "            reusable[(intent.shard, intent.attempt)] = file_id\n",
           "            raise _unreadable(\"\")\n", "f01", "G6", "W1"),
    Mutant("the parts of a digest have no order", "words/digest.py", "    for part in parts:\n",
           "    for part in set(parts):\n", "f17", "G7"),
    Mutant("a failure is no end of its own", "act/passes.py",
           "            return worst(failure.exit_code for failure in self.failures)\n",
           "            return ExitCode.DONE\n", "f12", "G10", "output"),
    # Secrets and hostile data.
    Mutant("a key goes where a redirect leads", "remote/http.py", "transport=self.transport,",
           "transport=self.transport, follow_redirects=True,", "f05", "G8", "before"),
    Mutant("what repeats the key is shown", "remote/http.py", "body = body.replace(secret.encode(), b\"[secret]\")",
           "body = bytes(body)", "s_secrets", "G8"),
    Mutant("workers get the whole environment", "desired/render/child.py", "if name in _ENVIRONMENT or", "if name or",
           "s_secrets", "G8", "workers"),
    Mutant("control characters reach the terminal", "show/safe.py", "return _UNSAFE.sub(_visible, str(text))",
           "return str(text)", "s_hostile", "G9", "provider_says"),
    Mutant("a lockfile that is no JSON is a traceback", "recorded/codec.py",
           "except (ValueError, RecursionError) as error:", "except RecursionError as error:", "z_fuzzed", "G9",
           "lockfile", crash=True),
)
