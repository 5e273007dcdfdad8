"""Writers and sequencers at once: nothing is lost, nothing is entered twice, whatever commits first."""

import threading

from sqlalchemy import select

from app.extensions import db
from app.models import AuditEntry, LogEntry, LogKind
from app.tasks import sequencer
from app.workflows import installation_log
from app.workflows.engine.rights import SYSTEM
from app.workflows.engine.transaction import Fact, record, use_case
from app.workflows.rules.merkle import leaf_hash, root
from tests.cabinet import NOW
from tests.conftest import on_postgresql

pytestmark = on_postgresql


def audit_ids():
    return set(db.session.scalars(select(AuditEntry.id)))


def entries():
    return list(db.session.scalars(select(LogEntry).order_by(LogEntry.seq)))


def entered():
    return [each.subject_id for each in entries() if each.kind is LogKind.AUDIT]


class Happened(Fact):
    """Something of no other consequence."""


@use_case
def happen(_actor):
    record(SYSTEM, Happened(1, "body", 1), NOW)


def test_a_lower_number_that_commits_later_is_entered_exactly_once(app):
    sequencer.work()
    seen, go_on = threading.Event(), threading.Event()

    @use_case
    def slow(_actor):
        number = record(SYSTEM, Happened(1, "body", 1), NOW).id
        seen.set()
        assert go_on.wait(20)
        return number

    found = []

    def run():
        with app.app_context():
            found.append(slow(SYSTEM))

    thread = threading.Thread(target=run)
    thread.start()
    assert seen.wait(20)
    happen(SYSTEM)
    sequencer.work()
    later = max(audit_ids())
    assert entered()[-1] == later
    go_on.set()
    thread.join()
    sequencer.work()
    assert found[0] < later
    assert entered()[-2:] == [later, found[0]]
    assert sorted(entered()) == sorted(audit_ids())


def test_many_sequencers_and_many_writers_make_one_log(app):
    def run(act, times):
        with app.app_context():
            for _ in range(times):
                act()
            db.session.remove()

    work = [(lambda: happen(SYSTEM), 25)] * 4 + [(sequencer.work, 40)] * 4
    threads = [threading.Thread(target=run, args=each) for each in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sequencer.work()
    assert sorted(entered()) == sorted(audit_ids())
    assert [each.seq for each in entries()] == list(range(len(entries())))
    assert installation_log.head().root == root([leaf_hash(each.data) for each in entries()])
