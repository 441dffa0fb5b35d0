"""A survey that is kept and wrong: whoever sends by it finds out, sends nothing, and forgets it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from batchctl.desired.render import fingerprint, kept
from batchctl.desired.render.lines import InputChanged
from batchctl.desired.render.survey import survey
from batchctl.recorded.store import Store
from batchctl.words.ids import IdList
from tests.faultlab.rig import Rig


def test_g1_g6_a_wrong_survey_sends_nothing_and_is_forgotten(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fingerprint, "WORTH", 0)
    job, store = rig.job(), Store(rig.store)
    mark, right = fingerprint.fingerprint(job), survey(job, workers=1)
    assert mark is not None
    wrong = kept.to_bytes(replace(right, ids=IdList(bytes(len(right.ids.blob)))), mark)
    assert wrong is not None
    store.prepare()
    store.keep_survey("job.labels", wrong)
    assert [type(failure) for failure in rig.apply().jobs[0].failures] == [InputChanged]
    assert not rig.provider.batches
    rig.apply()
    rig.finish_all()
    rig.apply()
    assert sorted(rig.provider.paid().values()) == [1, 1, 1]
    assert not rig.plan().changes
