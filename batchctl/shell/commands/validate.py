"""`batchctl validate`: everything that can be checked without a network or a key."""

from __future__ import annotations

from batchctl.shell import options
from batchctl.shell.declared import declared
from batchctl.shell.options import Chosen
from batchctl.show.terminal import Terminal


@declared("validate", exits=(0, 1, 64), examples=(
    "batchctl validate -f job.yaml", "batchctl validate -f jobs/ --format json"))
@options.manifests
@options.view("text", "json")
@options.screen
def command(terminal: Terminal, chosen: Chosen, form: str) -> int:
    """Check manifests, inputs, templates, every rendered request and the fields of sinks. Needs neither network nor
    key."""
    from batchctl.shell.session import open_session
    from batchctl.show.display import progress
    from batchctl.show.validation import Checked, checked_text, validation_json
    from batchctl.words.diagnostics import Diagnostic
    from batchctl.words.errors import ExitCode, InvalidInput

    findings: tuple[Diagnostic, ...] = ()
    jobs: list[Checked] = []
    code = ExitCode.DONE
    try:
        session = open_session(chosen)
        with progress(terminal) as emit:
            findings = (*session.warnings, *session.survey(chosen.workers, emit, anew=True))
        jobs = [Checked(name, made.rows, len(made.ids))
                for project in session.projects for name, made in project.surveys.items()]
    except InvalidInput as invalid:
        findings, code = invalid.findings, ExitCode.FAILED
    if form == "json":
        terminal.out(validation_json(jobs, findings))
    else:
        terminal.out(checked_text(jobs))
        terminal.diagnostics(findings)
    return code
