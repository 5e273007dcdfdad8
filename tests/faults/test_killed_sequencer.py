"""The sequencer dies by kill -9 in the middle of its transaction, or before it signs the head that is due."""

import signal
import subprocess
import sys

import pytest
from sqlalchemy import delete, select

from app.extensions import db
from app.models import AuditEntry, LogEntry, LogKind, LogPending
from app.tasks import sequencer
from app.workflows import installation_log, log_checks, polls, sequencing
from app.workflows.engine.transaction import own_transaction
from tests.conftest import both
from tests.web import ROOT

MOMENTS = {  # which function of the sequencer kills it instead of doing its work
    "entries written, nothing committed": "delete",
    "committed, no head signed": "wanted",
}
DOOMED = """
import os, signal, sys
from app import create_app
from app.tasks import sequencer
from app.workflows import sequencing
from tests.conftest import SETTINGS

setattr(sequencing, sys.argv[2], lambda *_all: os.kill(os.getpid(), signal.SIGKILL))
with create_app(**SETTINGS, SQLALCHEMY_DATABASE_URI=sys.argv[1]).app_context():
    sequencer.work()
"""


def entered():
    rows = select(LogEntry.subject_id).where(LogEntry.kind == LogKind.AUDIT)
    return sorted(db.session.scalars(rows))


@pytest.mark.fault
@both
@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
def test_a_sequencer_that_dies_loses_nothing_and_enters_nothing_twice(app, scene, moment):
    poll_id = scene.open().open_poll().id
    scene.vote("a", poll_id, "agree")
    sequencer.work()
    polls.close_poll(scene.who["secretary"], poll_id, now=scene.now)
    before = entered()
    address = db.engine.url.render_as_string(hide_password=False)
    db.session.remove()
    died = subprocess.run([sys.executable, "-c", DOOMED, address, moment], cwd=ROOT, timeout=120, check=False)
    assert died.returncode == -signal.SIGKILL
    assert (entered() == before) == (moment == "delete")
    assert installation_log.mark_of_poll(poll_id) is None
    sequencer.work(due_before=True)
    assert entered() == sorted(db.session.scalars(select(AuditEntry.id)))[: len(entered())]
    assert installation_log.mark_of_poll(poll_id) is not None
    sequencer.work()
    assert entered() == sorted(db.session.scalars(select(AuditEntry.id)))
    assert not sequencing.waiting()
    assert log_checks.examine().broken == []


@pytest.mark.fault
@both
def test_what_is_taken_away_before_it_is_written_is_noticed(app, scene):
    """Negative control: a sequencer that would let go of what waits in a transaction of its own."""
    scene.open()
    with own_transaction() as session:
        session.execute(delete(LogPending))
    sequencer.work()
    assert {each.why for each in log_checks.examine().broken} == {"not_entered"}
