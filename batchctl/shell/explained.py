"""Why plans create requests, for those who are to read them."""

from __future__ import annotations

from collections.abc import Iterable

from batchctl.act.explaining import explain
from batchctl.decide.changed import Changed
from batchctl.decide.plan import JobPlan
from batchctl.shell.session import Session


def explained(session: Session, plans: Iterable[JobPlan], *, example: bool = False) -> dict[str, Changed]:
    """By job, where a plan creates requests though the job was asked before. `example`: look for one to be shown."""
    made = {}
    for plan in plans:
        project = next((project for project in session.projects if plan.job in project.jobs), None)
        if project is not None and (found := explain(project, plan, example=example)) is not None:
            made[plan.job] = found
    return made
