"""What is recorded is entered into the log once, in the order of the commits, and its heads are signed."""

import datetime as dt
import threading

import pytest
from sqlalchemy import func, insert, select, text

from app import wiring
from app.extensions import db
from app.gateways import log_key
from app.models import (
    AuditEntry,
    Body,
    Checkpoint,
    CheckpointReason,
    Job,
    LogEntry,
    LogKind,
    LogPending,
    Poll,
    PollLeaf,
)
from app.tasks import schedule, sequencer
from app.workflows import agenda, installation_log, log_checks, meetings, polls, sequencing
from app.workflows.engine.rights import SYSTEM
from app.workflows.engine.tables import table
from app.workflows.engine.transaction import Fact, _entry, own_transaction, record, use_case
from app.workflows.rules import checkpoint as notes
from app.workflows.rules import installation_leaf
from app.workflows.rules.canonical import parse_canonical
from app.workflows.rules.installation_leaf import leaf, parse_leaf
from app.workflows.rules.merkle import leaf_hash, root, verify_consistency, verify_inclusion
from tests.cabinet import NOW
from tests.conftest import both
from tests.web import full

pytestmark = both


def audit_ids():
    return set(db.session.scalars(select(AuditEntry.id)))


def entered(kind=LogKind.AUDIT):
    rows = select(LogEntry.subject_id).where(LogEntry.kind == kind).order_by(LogEntry.seq)
    return list(db.session.scalars(rows))


def entries():
    return list(db.session.scalars(select(LogEntry).order_by(LogEntry.seq)))


def closed_poll(scene):
    poll = scene.open().open_poll()
    for name in ("a", "b"):
        scene.vote(name, poll.id, "agree")
    polls.close_poll(scene.who["secretary"], poll.id, now=scene.now)
    return poll.id


def test_every_audit_row_is_entered_once_and_nothing_waits_any_more(app, scene):
    sequencer.work()
    scene.open()
    assert sequencing.waiting()
    assert sequencer.work() > 0
    assert sorted(entered()) == sorted(audit_ids())
    assert not sequencing.waiting()
    assert sequencer.work() == 0
    kept = {row.id: row.sha256 for row in db.session.scalars(select(AuditEntry))}
    for number, entry in enumerate(entries()):
        told = parse_leaf(entry.data)
        assert (entry.seq, entry.leaf_hash) == (number, leaf_hash(entry.data).hex())
        assert (told["kind"], told["subject_id"], told["sha256"]) == ("audit", entry.subject_id, kept[entry.subject_id])


def test_the_root_of_a_vote_follows_the_fact_that_closed_it_and_is_proved_under_a_signed_checkpoint(app, scene):
    poll_id = closed_poll(scene)
    sequencer.work()
    entry = installation_log.poll_entry(poll_id)
    told = parse_canonical(entry.data)
    last = db.session.scalars(select(PollLeaf).where(PollLeaf.poll_id == poll_id).order_by(PollLeaf.seq.desc())).first()
    assert (told["kind"], told["size"], told["root"]) == ("poll_closed", last.seq + 1, last.root)
    before = db.session.get_one(LogEntry, entry.seq - 1)
    assert db.session.get_one(AuditEntry, before.subject_id).fact == "PollClosed"

    checkpoint = installation_log.covering(entry.seq)
    assert checkpoint.reason is CheckpointReason.POLL
    head = notes.open_checkpoint(checkpoint.note, notes.VerifierKey.parse(log_key.key().public))
    hashes = [leaf_hash(each.data) for each in entries()]
    assert (head.size, head.root) == (checkpoint.size, root(hashes[: checkpoint.size]))
    proof = installation_log.inclusion_proof(entry.seq, head.size)
    assert verify_inclusion(leaf_hash(entry.data), entry.seq, head.size, proof, head.root)
    mark = installation_log.mark_of_poll(poll_id)
    assert (mark.code, mark.size, mark.root) == (head.code, head.size, head.root.hex())


def test_the_end_of_a_session_is_an_entry_and_a_checkpoint_covers_it(app, scene):
    secretary = scene.open().who["secretary"]
    agenda.close_item(secretary, scene.item_id, now=scene.now)
    sequencer.work()
    assert sequencing.wanted() is None
    ended = meetings.end_meeting(secretary, scene.meeting_id, now=scene.now).version
    assert installation_log.mark_of_meeting(scene.meeting_id) is None
    sequencer.work()
    entry = installation_log.entry_of([LogKind.MEETING_CLOSED], scene.meeting_id)
    assert parse_leaf(entry.data)["version"] == ended
    before = db.session.get_one(LogEntry, entry.seq - 1)
    assert db.session.get_one(AuditEntry, before.subject_id).fact == "MeetingEnded"
    checkpoint = installation_log.covering(entry.seq)
    assert checkpoint.reason is CheckpointReason.MEETING
    assert installation_log.mark_of_meeting(scene.meeting_id).code == installation_log.mark(checkpoint).code


def test_heads_and_proofs_are_those_of_the_tree_at_every_size(app, scene):
    closed_poll(scene)
    sequencer.work()
    sequencer.work()  # the fact that a checkpoint was taken
    hashes = [leaf_hash(each.data) for each in entries()]
    size = len(hashes)
    assert (installation_log.size(), installation_log.head()) == (size, installation_log.Head(size, root(hashes)))
    for earlier in range(size + 1):
        assert installation_log.head(earlier).root == root(hashes[:earlier])
        assert installation_log.frontier(earlier).root() == root(hashes[:earlier])
        if earlier:
            proof = installation_log.consistency_proof(earlier, size)
            assert verify_consistency(earlier, root(hashes[:earlier]), size, root(hashes), proof)
    assert installation_log.consistency_proof(0, size) == []
    for refused in (lambda: installation_log.head(size + 1), lambda: installation_log.consistency_proof(1, size + 1),
                    lambda: installation_log.inclusion_proof(size, size)):  # fmt: skip
        with pytest.raises(IndexError):
            refused()


def test_a_vote_that_never_opened_leaves_no_root(app, scene):
    """The fact is entered, and there is no log whose root could be."""
    assert list(sequencing._entries(Annulled(999_999))) == [
        {"kind": "audit", "body_id": 1, "subject_id": 7, "sha256": "0" * 64}
    ]


class Annulled:
    id, body_id, fact, sha256, payload = 7, 1, "PollAnnulled", "0" * 64, {}

    def __init__(self, poll_id):
        self.subject_id = poll_id


def test_a_checkpoint_is_signed_once_for_a_size_and_at_night_for_what_is_new(app, scene):
    scene.open()
    assert sequencer.work() > 0
    assert db.session.scalar(select(func.count()).select_from(Checkpoint)) == 0  # nothing that calls for one
    assert sequencing.take_checkpoint(SYSTEM, CheckpointReason.NIGHTLY, NOW) is not None
    assert sequencing.take_checkpoint(SYSTEM, CheckpointReason.NIGHTLY, NOW) is None
    sequencer.nightly({"body_id": 1})  # its own fact is new
    first, second = installation_log.checkpoints_since(0)
    assert first.size < second.size
    assert installation_log.checkpoints_since(first.size) == [second]
    proof = installation_log.consistency_proof(first.size, second.size)
    assert verify_consistency(first.size, bytes.fromhex(first.root), second.size, bytes.fromhex(second.root), proof)


def test_without_a_key_everything_is_entered_and_no_checkpoint_is_claimed(app, scene):
    log_key.use(log_key.LogKey())
    poll_id = closed_poll(scene)
    sequencer.work()
    assert not sequencing.waiting()
    assert installation_log.mark_of_poll(poll_id) is None
    assert installation_log.public_key() is None


def test_a_checkpoint_that_a_dead_process_did_not_sign_is_signed_by_the_next(app, scene):
    poll_id = closed_poll(scene)
    while sequencing.waiting():
        sequencing.enter(SYSTEM, NOW)
    assert installation_log.mark_of_poll(poll_id) is None
    sequencer.work(due_before=True)
    assert installation_log.mark_of_poll(poll_id) is not None
    assert sequencing.wanted() is None


def test_a_cosignature_is_kept_once_for_a_witness_and_stands_in_the_note(app, scene):
    closed_poll(scene)
    sequencer.work()
    checkpoint = installation_log.last_checkpoint()
    witness = notes.SigningKey("witness.example/w1", notes.COSIGNATURE, bytes(32))
    told = notes.Note.parse(checkpoint.note).text
    line = notes.cosign(witness, told, 1_700_000_000).line
    assert installation_log.keep_cosignature(SYSTEM, checkpoint.id, witness.name, line, NOW)
    assert not installation_log.keep_cosignature(SYSTEM, checkpoint.id, witness.name, line, NOW)
    whole = notes.Note.parse(installation_log.signed_note(installation_log.last_checkpoint()))
    assert whole.signed_by(witness.verifier)
    assert whole.signed_by(installation_log.public_key())
    with pytest.raises(ValueError, match=r"signature line|base64"):
        installation_log.keep_cosignature(SYSTEM, checkpoint.id, "w2", "no line", NOW)


class Happened(Fact):
    """Something of no other consequence."""


@use_case
def happen(_actor, subject_id=1):
    record(SYSTEM, Happened(1, "body", subject_id), NOW)


def test_facts_that_are_written_together_are_entered_too(app, scene):
    poll = scene.open().open_poll()
    scene.vote("a", poll.id, "agree")
    sequencer.work()
    cast = db.session.scalar(select(AuditEntry.id).where(AuditEntry.fact == "BallotCast"))
    assert cast in entered()


def test_an_act_that_fails_leaves_nothing_that_waits(app):
    sequencer.work()

    @use_case
    def fails(_actor):
        record(SYSTEM, Happened(1, "body", 1), NOW)
        raise LookupError

    with pytest.raises(LookupError):
        fails(SYSTEM)
    assert db.session.scalar(select(func.count()).select_from(LogPending)) == 0


def test_the_rows_of_the_log_cannot_be_changed(app, scene):
    closed_poll(scene)
    sequencer.work()
    for name in ("log_entry", "checkpoint"):
        for change in (f"UPDATE {name} SET at = at", f"DELETE FROM {name}"):  # noqa: S608 - names from above
            with pytest.raises(Exception, match=r"insert-only|permission denied"):
                db.session.execute(text(change))
            db.session.rollback()


def test_an_entry_of_an_unknown_kind_or_with_other_members_is_refused(app):
    good = {"kind": "audit", "body_id": 1, "subject_id": 1, "sha256": "0" * 64, "at": "2026-11-21T02:00:03Z"}
    assert parse_leaf(leaf_bytes(good))["v"] == 1
    for bad in ({**good, "kind": "poll"}, {**good, "more": 1}, {**good, "sha256": "x"}, {**good, "v": 2}):
        with pytest.raises(ValueError, match=r"kind|sha256|more|v:"):
            leaf(**bad)


def leaf_bytes(fields):
    from app.workflows.rules.canonical import canonical

    return canonical(leaf(**fields))


MANY = 100_000 if full() else 1_300


def wait(count):
    """So many facts that nobody has entered, as after a pause of every web process."""
    facts = [_entry(SYSTEM, Happened(1, "body", 1), NOW + dt.timedelta(seconds=number)) for number in range(count)]
    audit = table(AuditEntry)
    with own_transaction() as session:
        ids = session.execute(insert(audit).returning(audit.c.id), facts).scalars().all()
        session.execute(insert(table(LogPending)), [{"audit_entry_id": number} for number in ids])


def test_a_long_queue_is_entered_in_parts_and_an_end_is_not_waited_for(app, monkeypatch):
    sequencer.work()
    size, parts, enter = installation_log.size(), [], sequencing.enter
    monkeypatch.setattr(sequencing, "enter", lambda *given: parts.append(enter(*given)) or parts[-1])
    wait(MANY)
    assert sequencing.backlog() == (MANY, NOW)
    assert sequencer.work(go_on=lambda: len(parts) < 2) == 2 * sequencing.AT_ONCE
    assert sequencing.waiting()
    assert sequencer.work() == MANY - 2 * sequencing.AT_ONCE
    assert max(parts) == sequencing.AT_ONCE
    assert installation_log.size() == size + MANY
    assert sequencing.backlog() == (0, None)
    assert log_checks.examine().broken == []


def test_a_clock_that_is_set_back_disturbs_neither_order_nor_proofs(app, scene):
    sequencer.work()
    before = installation_log.size()
    for at in (NOW + dt.timedelta(days=2), NOW, NOW - dt.timedelta(days=2)):
        happen(SYSTEM)
        sequencing.enter(SYSTEM, at)
        assert sequencing.take_checkpoint(SYSTEM, CheckpointReason.NIGHTLY, at) is not None
    sizes = [each.size for each in installation_log.checkpoints_since(before)]
    assert sizes == sorted(sizes)
    assert len(sizes) == 3
    assert log_checks.examine().broken == []


def test_the_head_of_the_night_is_signed_once_for_all_bodies(app, monkeypatch):
    night = dt.datetime(2026, 11, 21, 20, 0, tzinfo=dt.UTC)  # three in the morning in Hanoi
    monkeypatch.setattr(schedule, "timetable", [schedule.Entry(sequencer.NIGHTLY, sequencer.slots)])
    db.session.add_all([a_body("B2"), a_body("B3")])
    db.session.commit()
    assert schedule.plan(night) == 1
    assert schedule.plan(night - dt.timedelta(hours=1)) == 0  # nor again after the clock was set back
    (job,) = db.session.scalars(select(Job).where(Job.name == sequencer.NIGHTLY))
    assert job.body_id == installation_log.keeper() == 1


def a_body(code):
    body = db.session.get_one(Body, 1)
    columns = {each.name: getattr(body, each.name) for each in table(Body).columns if each.name != "id"}
    return Body(**columns | {"code": code, "id": 90 + int(code[1:])})


def test_every_kind_of_entry_has_a_root_a_leaf_and_a_check(app):
    """What docs/adding.md asks for: a kind that somebody forgot to finish is found here."""
    kinds = set(LogKind) - {LogKind.AUDIT}
    assert {root.kind for root in wiring.ROOTS.values()} == kinds
    assert {root.reason for root in wiring.ROOTS.values()} == set(CheckpointReason) - {CheckpointReason.NIGHTLY}
    assert {LogKind(kind) for kind in installation_leaf._SHAPES} == set(LogKind)
    checked = [kind for logs in log_checks.OWN_LOGS for kind in logs.kinds]
    assert sorted([*checked, LogKind.RESOLUTION, LogKind.MEETING_CLOSED]) == sorted(kinds)


def test_a_row_of_the_table_is_all_that_the_sequencer_needs_of_a_root(app, scene, monkeypatch):
    """Another fact, another log of its own: what is entered and that a head is signed follow from the row alone."""
    poll_id = closed_poll(scene)
    sequencer.work()
    told = sequencing.root_of_own_log(table(PollLeaf), "poll_id")
    row = sequencing.Root(LogKind.POLL_ANNULLED, CheckpointReason.POLL, told)
    monkeypatch.setitem(sequencing.roots, Happened.__name__, row)
    before = installation_log.last_checkpoint()
    happen(SYSTEM, poll_id)
    sequencer.work()
    entry = installation_log.entry_of([LogKind.POLL_ANNULLED], poll_id)
    assert parse_leaf(entry.data)["root"] == db.session.get_one(Poll, poll_id).leaves[-1].root
    assert installation_log.mark_over(entry).size > before.size


def test_the_thread_enters_what_is_committed_within_a_second_or_so(app):
    """The bound is wide: what matters is that nobody has to ask."""
    stop = threading.Event()
    thread = threading.Thread(target=sequencer.run_forever, args=(app, stop))
    thread.start()
    try:
        happen(SYSTEM)
        patience = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=30)
        while sequencing.waiting() and dt.datetime.now(dt.UTC) < patience:
            stop.wait(0.05)
        assert not sequencing.waiting()
    finally:
        stop.set()
        thread.join()
