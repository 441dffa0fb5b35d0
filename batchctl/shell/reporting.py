"""Writes a report to the file that was asked for, if that may be written."""

from __future__ import annotations

from pathlib import Path

from batchctl.act.report.gather import facts
from batchctl.desired.manifest.sink_conflicts import problem_of_another
from batchctl.desired.paths import PathRefused, confine, project_root
from batchctl.recorded import durable
from batchctl.shell.session import Session
from batchctl.show.report_page import report_page
from batchctl.words.errors import StateError, UsageError


def target_of(path: Path, session: Session) -> Path:
    """The file that `-o` names, by the rules that sinks keep. Raises UsageError for one outside the project that is not
    named by an absolute path, and for one that the manifests name already."""
    roots = dict.fromkeys((*(job.root for job in session.declared), project_root(Path.cwd())))
    target = (Path.cwd() / path).resolve()
    inside = next((root for root in roots if target.is_relative_to(root)), None)
    try:
        target = confine(str(path), folder=Path.cwd(), root=inside or next(iter(roots)))
    except PathRefused as refused:
        raise UsageError(f"-o: {refused}") from None
    read = {**session.read, **{project.lockfile: "a lockfile" for project in session.projects}}
    problem = problem_of_another(str(path), target, inside or target.parent, session.declared, read)
    if problem is not None:
        raise UsageError(f"-o: {path} {problem}", notes=("write elsewhere",))
    return target


def write_report(session: Session, target: Path) -> None:
    """Replaces the file as a whole. Raises StateError, with the old one still there, and what gathering raises."""
    page = report_page([job for project in session.projects for job in facts(project)])
    try:
        durable.make_folder(target.parent)
        durable.write(target, page.encode())
    except OSError as error:
        raise StateError(f"{target} cannot be written: {error.strerror or error}") from error
