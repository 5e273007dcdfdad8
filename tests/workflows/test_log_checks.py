"""Whatever somebody who passes every trigger changes in the log is found, and named by table, id and time."""

# ruff: noqa: S608 - statements of somebody who holds the server, made of names and numbers of this file
import json
from contextlib import contextmanager

import pytest
from sqlalchemy import select

from app.extensions import db
from app.gateways import log_key
from app.models import AgendaItem, AuditEntry, Checkpoint, ItemKind, ItemState, LogEntry, LogKind, PollLeaf
from app.tasks import sequencer
from app.workflows import agenda, checks, installation_log, log_checks, log_proofs, meetings, polls, sequencing
from app.workflows.engine.rights import SYSTEM
from app.workflows.rules import checkpoint as notes
from app.workflows.rules.calendar import iso_utc
from app.workflows.rules.canonical import canonical, digest
from app.workflows.rules.installation_leaf import leaf
from app.workflows.rules.merkle import leaf_hash
from tests.cabinet import NOW
from tests.conftest import Scene, both, key_of_log
from tests.resolving import Resolving
from tests.superuser import as_superuser

TABLES = ("audit_entry", "log_entry", "log_pending", "checkpoint", "checkpoint_cosignature", "poll_leaf",
          "resolution_file")  # fmt: skip
WITNESS = notes.SigningKey("witness.example/w1", notes.COSIGNATURE, bytes(range(32)))


@contextmanager
def put_back(execute):
    """Every table as it was before, for the next case."""
    for table in TABLES:
        execute(f"CREATE TABLE kept_{table} AS SELECT * FROM {table}")
    try:
        yield
    finally:
        for table in TABLES:
            execute(f"DELETE FROM {table}")
            execute(f"INSERT INTO {table} SELECT * FROM kept_{table}")
            execute(f"DROP TABLE kept_{table}")


def another_poll(scene, title, name="a"):
    """A vote on an item of its own, with one ballot."""
    clerk, secretary = scene.who["clerk"], scene.who["secretary"]
    current = select(AgendaItem.id).where(AgendaItem.state == ItemState.CURRENT)
    agenda.close_item(secretary, db.session.scalars(current).one(), now=scene.now)
    item = agenda.add_item(clerk, scene.meeting_id, title, ItemKind.DECISION, now=scene.now).id
    agenda.open_item(secretary, item, now=scene.now)
    poll = polls.open_poll(secretary, polls.draft_poll(clerk, item, f"{title}?", now=scene.now).id, now=scene.now)
    scene.vote(name, poll.id, "agree")
    return poll.id


def end(scene, poll_id):
    polls.close_poll(scene.who["secretary"], poll_id, now=scene.now)
    polls.publish_poll(scene.who["secretary"], poll_id, now=scene.now)


def fill(scene):
    """A vote that is over, and one that runs; all entered, two heads signed, one of them countersigned.

    After the last checkpoint there are entries that no signature covers yet.
    """
    log_key.use_witnesses([str(WITNESS.verifier)])
    if not hasattr(scene, "poll_id"):
        scene.poll_id = scene.open().open_poll().id
        scene.vote("b", scene.poll_id, "agree")
        end(scene, scene.poll_id)
    sequencer.work()
    first = installation_log.last_checkpoint()
    line = notes.cosign(WITNESS, notes.Note.parse(first.note).text, 1_700_000_000).line
    installation_log.keep_cosignature(SYSTEM, first.id, WITNESS.name, line, NOW)
    scene.second = another_poll(scene, "Nội dung thứ hai")
    end(scene, scene.second)
    sequencer.work()
    scene.third = another_poll(scene, "Nội dung thứ ba")
    sequencer.work()
    return scene


@pytest.fixture
def filled(app):
    yield fill(Scene())
    log_key.use_witnesses([])


@pytest.fixture
def promulgated(app):
    """The same after a vote whose Resolution is out."""
    yield fill(Resolving().up_to("promulgated"))
    log_key.use_witnesses([])


def blob(data):
    return f"x'{data.hex()}'" if db.engine.dialect.name == "sqlite" else f"'\\x{data.hex()}'::bytea"


def forged_entry(seq):
    """An entry and its leaf hash that fit each other and tell of another audit row than the true one."""
    entry = db.session.get_one(LogEntry, seq)
    told = leaf(kind="audit", body_id=1, subject_id=entry.subject_id, sha256="0" * 64, at=iso_utc(entry.at))
    data = canonical(told)
    return f"UPDATE log_entry SET data = {blob(data)}, leaf_hash = '{leaf_hash(data).hex()}' WHERE seq = {seq}"


def rehashed(fact_id):
    """An audit row that was changed with its own hash."""
    entry = db.session.get_one(AuditEntry, fact_id)
    sha = digest(canonical(["AnythingElse", entry.payload, entry.actor_id, entry.at.isoformat()]))
    return f"UPDATE audit_entry SET fact = 'AnythingElse', sha256 = '{sha}' WHERE id = {fact_id}"


def signed_later(checkpoint):
    """A good line of the same witness under the same checkpoint, and not the one that was kept."""
    return notes.cosign(WITNESS, notes.Note.parse(checkpoint.note).text, 1_800_000_000).line


def added_fact():
    """An audit row that nobody recorded, hashed as it should be."""
    payload = {"body_id": 1, "subject_type": "body", "subject_id": 1}
    sha = digest(canonical(["Invented", payload, None, NOW.isoformat()]))
    at = f"{NOW:%Y-%m-%d %H:%M:%S.%f}{zone()}"
    columns = "id, body_id, subject_type, subject_id, actor_id, at, fact, payload, sha256"
    values = f"9999, 1, 'body', 1, NULL, '{at}', 'Invented', '{json.dumps(payload)}', '{sha}'"
    return f"INSERT INTO audit_entry ({columns}) VALUES ({values})"


def zone():
    return "" if db.engine.dialect.name == "sqlite" else "+00"


def cases(scene):
    """What is done → what must be named first: table, id."""
    size, heads = installation_log.size(), installation_log.checkpoints_since(0)
    fact = db.session.scalar(select(LogEntry.subject_id).where(LogEntry.kind == LogKind.AUDIT, LogEntry.seq == 5))
    root = installation_log.poll_entry(scene.second)
    resolution = db.session.scalar(select(LogEntry).where(LogEntry.kind == LogKind.RESOLUTION))
    leaves = db.session.scalars(select(PollLeaf.seq).where(PollLeaf.poll_id == scene.second)).all()
    last_fact = db.session.scalar(select(LogEntry.subject_id).where(LogEntry.seq == size - 1))
    poll, most = scene.second, max(leaves)
    long_ago = f"'2020-01-01 00:00:00.000000{zone()}'"
    others = key_of_log(notes.VerifierKey.parse(log_key.key().public).name)
    forged = notes.sign_checkpoint(notes.SigningKey.parse(others.private),
                                   notes.Checkpoint.parse(notes.Note.parse(heads[0].note).text))  # fmt: skip
    copied = "INSERT INTO poll_leaf (poll_id, seq, body_id, kind, data, leaf_hash, root, frontier, at)"
    return {
        "edit a fact": (f"UPDATE audit_entry SET actor_id = 2 WHERE id = {fact}", "audit_entry", fact),
        "edit a fact and its hash": (rehashed(fact), "audit_entry", fact),
        "file a fact elsewhere": (f"UPDATE audit_entry SET subject_id = 77 WHERE id = {fact}", "audit_entry", fact),
        "move the time of a fact": (f"UPDATE audit_entry SET at = {long_ago} WHERE id = {fact}",
                                    "audit_entry", fact),
        "delete a fact": (f"DELETE FROM audit_entry WHERE id = {fact}", "audit_entry", fact),
        "cut off the facts": (f"DELETE FROM audit_entry WHERE id >= {last_fact}", "audit_entry", last_fact),
        "empty the facts": ("DELETE FROM audit_entry", "audit_entry", db.session.get_one(LogEntry, 0).subject_id),
        "insert a fact": (added_fact(), "audit_entry", 9999),
        "edit an entry": ("UPDATE log_entry SET leaf_hash = '" + "0" * 64 + "' WHERE seq = 4", "log_entry", 4),
        "edit an entry with its hash": (forged_entry(4), "audit_entry", db.session.get_one(LogEntry, 4).subject_id),
        "move an entry in time": (f"UPDATE log_entry SET at = {long_ago} WHERE seq = 4",
                                  "log_entry", 4),
        "edit a hash of the tree": (f"UPDATE log_entry SET nodes = {blob(bytes(32))} WHERE seq = 5", "log_entry", 5),
        "delete an entry": ("DELETE FROM log_entry WHERE seq = 4", "log_entry", 4),
        "cut off signed entries": (f"DELETE FROM log_entry WHERE seq >= {heads[-1].size - 1}", "log_entry",
                                   heads[-1].size - 1),
        "cut off the newest entry": (f"DELETE FROM log_entry WHERE seq = {size - 1}", "audit_entry", last_fact),
        "empty the log": ("DELETE FROM log_entry", "log_entry", 0),
        "change a root in the log": (f"UPDATE log_entry SET kind = 'poll_annulled' WHERE seq = {root.seq}", "log_entry",
                                     root.seq),
        "edit a checkpoint": ("UPDATE checkpoint SET root = '" + "0" * 64 + f"' WHERE id = {heads[0].id}", "checkpoint",
                              heads[0].id),
        "sign a checkpoint with another key": (f"UPDATE checkpoint SET note = '{forged}' WHERE id = {heads[0].id}",
                                               "checkpoint", heads[0].id),
        "delete a checkpoint": (f"DELETE FROM checkpoint WHERE id = {heads[0].id}", "checkpoint", heads[0].id),
        "insert a checkpoint": (f"INSERT INTO checkpoint (id, size, root, note, reason, at) SELECT 999, 3, root, note, "
                                f"reason, at FROM checkpoint WHERE id = {heads[0].id}", "checkpoint", 999),
        "edit a cosignature": ("UPDATE checkpoint_cosignature SET line = replace(line, 'A', 'B')",
                               "checkpoint_cosignature", 1),
        "delete a cosignature": ("DELETE FROM checkpoint_cosignature WHERE id = 1", "checkpoint_cosignature", 1),
        "put another cosignature of the witness in its place": (
            f"UPDATE checkpoint_cosignature SET line = '{signed_later(heads[0])}' WHERE id = 1",
            "checkpoint_cosignature", 1),
        "insert a cosignature": ("INSERT INTO checkpoint_cosignature (id, checkpoint_id, witness, line, at) SELECT "
                                 f"999, {heads[1].id}, witness, line, at FROM checkpoint_cosignature",
                                 "checkpoint_cosignature", 999),
        "edit a leaf of a vote": (f"UPDATE poll_leaf SET data = {blob(b'{}')} WHERE poll_id = {poll} AND seq = 1",
                                  "poll_leaf", f"{poll}-1"),
        "delete a leaf of a vote": (f"DELETE FROM poll_leaf WHERE poll_id = {poll} AND seq = 1", "poll_leaf",
                                    f"{poll}-1"),
        "cut off the log of a vote": (f"DELETE FROM poll_leaf WHERE poll_id = {poll} AND seq = {most}", "poll_leaf",
                                      f"{poll}-{most}"),
        "empty the logs of votes": ("DELETE FROM poll_leaf", "poll_leaf", f"{scene.poll_id}-"),
        "insert a leaf": (f"{copied} SELECT {poll}, seq + {most}, body_id, kind, data, leaf_hash, root, frontier, at "
                          f"FROM poll_leaf WHERE poll_id = {scene.third} AND seq = 1",
                          "poll_leaf", f"{poll}-{most + 1}"),
        "edit the file of a Resolution": (f"UPDATE resolution_file SET sha256 = '{'f' * 64}' WHERE stage = 'sealed'",
                                          "resolution_file", resolution.subject_id),
        "delete the file of a Resolution": ("DELETE FROM resolution_file WHERE stage = 'sealed'", "resolution_file",
                                            resolution.subject_id),
    }  # fmt: skip


@both
def test_every_change_by_a_superuser_is_found_and_named(request, promulgated):
    assert log_checks.examine().broken == []
    prepared = cases(promulgated)
    assert len(prepared) == 32
    db.session.remove()
    wrong = {}
    with as_superuser(request) as execute:
        for name, (statement, table, key) in prepared.items():
            with put_back(execute):
                execute(statement)
                found = log_checks.examine().broken
                db.session.remove()
                told = found and (found[0].table, found[0].key, found[0].at is not None)
                named = told and told[0] == table and told[1].startswith(str(key)) and told[2]
                if not named:
                    wrong[name] = [str(each) for each in found[:3]] or "not found"
    assert wrong == {}
    assert log_checks.examine().broken == []


@both
def test_everything_is_counted_and_what_waits_is_no_fault(filled):
    end(filled, filled.third)
    account = checks.examine()
    assert account.broken == []
    assert account.waiting > 0
    assert (account.entries, account.root) == (installation_log.size(), installation_log.head().root.hex())
    assert (account.polls, account.checkpoints, account.cosignatures) == (3, 2, 1)
    assert account.as_json()["whole"] is True


@both
def test_without_the_fact_that_it_was_kept_a_deleted_cosignature_would_not_be_noticed(request, filled, monkeypatch):
    """The control: signatures and tree are in order without it."""
    db.session.remove()
    with as_superuser(request) as execute:
        execute("DELETE FROM checkpoint_cosignature")
    (found,) = log_checks.examine().broken
    assert (found.table, found.key, found.why) == ("checkpoint_cosignature", "1", "missing")
    monkeypatch.setitem(log_checks.KEPT, "CosignatureKept", lambda _fact: "")
    assert log_checks.examine().broken == []


@both
@pytest.mark.parametrize("change", ["state = 'open', closed_at = NULL", "version = 1"])
def test_a_session_that_was_opened_again_behind_the_log_is_named(request, scene, monkeypatch, change):
    agenda.close_item(scene.open().who["secretary"], scene.item_id, now=scene.now)
    meetings.end_meeting(scene.who["secretary"], scene.meeting_id, now=scene.now)
    sequencer.work()
    assert log_checks.examine().broken == []
    db.session.remove()
    with as_superuser(request) as execute:
        execute(f"UPDATE meeting SET {change}")
    (found,) = log_checks.examine().broken
    assert (found.table, found.key, found.why) == ("meeting", str(scene.meeting_id), "changed")
    monkeypatch.setattr(log_checks, "_end_kept", lambda _meeting_id, _version: "")
    assert log_checks.examine().broken == []  # the control: everything else is in order


def test_a_rewritten_past_is_not_signed_again(request, filled):
    with as_superuser(request) as execute:
        execute(f"UPDATE log_entry SET nodes = {blob(bytes(32))} WHERE seq = 1")
        execute(f"UPDATE log_entry SET nodes = {blob(bytes(64))} WHERE seq = 3")
        for entry in db.session.scalars(select(LogEntry).where(LogEntry.seq > 3)).all():
            execute(f"UPDATE log_entry SET nodes = {blob(bytes(len(entry.nodes)))} WHERE seq = {entry.seq}")
    db.session.remove()
    before = installation_log.last_checkpoint().size
    polls.close_poll(filled.who["secretary"], filled.third, now=filled.now)
    sequencer.work()
    assert installation_log.last_checkpoint().size == before


def plan(statement):
    compiled = statement.compile(db.engine, compile_kwargs={"literal_binds": True})
    return [row[-1] for row in db.session.execute(db.text(f"EXPLAIN QUERY PLAN {compiled}"))]


def test_what_waits_is_found_without_a_walk_over_the_whole_past(app):
    assert not [step for step in plan(sequencing.WAITING) if step.startswith("SCAN audit_entry")]
    by_fact = sequencing.WAITING.order_by(None).order_by(sequencing.AUDIT.c.id)  # the control
    assert [step for step in plan(by_fact) if step.startswith("SCAN audit_entry")]


def test_what_waits_twice_is_entered_once(request, filled):
    known = db.session.scalar(select(LogEntry.subject_id).where(LogEntry.seq == 3))
    size = installation_log.size()
    db.session.remove()
    with as_superuser(request) as execute:
        execute(f"INSERT INTO log_pending (audit_entry_id) VALUES ({known})")
    assert sequencer.work() == 0
    assert installation_log.size() == size


def test_without_the_public_key_no_checkpoint_is_believed(filled):
    log_key.use(log_key.LogKey())
    first = log_checks.examine().broken[0]
    assert (first.table, first.why) == ("checkpoint", "no_key")


def test_a_long_log_is_read_page_by_page(monkeypatch, filled):
    monkeypatch.setattr(log_checks, "AT_ONCE", 7)
    told = []
    account = log_checks.examine(lambda done, total: told.append((done, total)))
    assert account.broken == []
    assert [done for done, _total in told] == [*range(7, account.entries, 7), account.entries]
    db.session.execute(db.text("DROP TRIGGER log_entry_no_DELETE"))
    db.session.execute(db.text("DELETE FROM log_entry WHERE seq = 21"))
    db.session.commit()
    assert str(log_checks.examine().broken[0]) == "log_entry:21"


def flask(app, *arguments):
    return app.test_cli_runner().invoke(args=["audit", *arguments])


def test_the_command_says_what_holds_and_names_what_does_not(app, filled):
    done = flask(app, "verify", "--lang", "en")
    assert done.exit_code == 0, done.output
    assert f"root {installation_log.head().root.hex()}" in done.output
    assert json.loads(flask(app, "verify", "--json").output)["whole"] is True
    db.session.execute(db.text("DROP TRIGGER audit_entry_no_UPDATE"))
    db.session.execute(db.text("UPDATE audit_entry SET fact = 'Nothing' WHERE id = 3"))
    db.session.commit()
    done = flask(app, "verify", "--lang", "en")
    assert done.exit_code == 1
    assert "BROKEN: table audit_entry, id 3, time 20" in done.output
    broken = json.loads(flask(app, "verify", "--json").output)["broken"]
    first = broken[0]  # what that fact told of comes after it
    assert (first["table"], first["id"], first["code"]) == ("audit_entry", "3", "changed")


def test_a_vote_whose_ballots_contradict_its_log_is_named(app, filled):
    db.session.execute(db.text("DROP TRIGGER ballot_no_UPDATE"))
    db.session.execute(db.text(f"UPDATE ballot SET choice = 'disagree' WHERE poll_id = {filled.second}"))
    db.session.commit()
    assert [str(each) for each in checks.examine().broken] == [f"poll:{filled.second}"]


def test_the_files_of_a_vote_prove_its_root_by_themselves(filled):
    """Read as an outsider reads them: formats only, no table."""
    import base64

    from app.models import Poll
    from app.workflows.rules.merkle import verify_inclusion

    poll = db.session.get_one(Poll, filled.second)
    files = log_proofs.files_of(poll)
    assert sorted(files) == ["checkpoint.txt", "inclusion.json", "keys.json"]
    keys, told = json.loads(files["keys.json"]), json.loads(files["inclusion.json"])
    head = notes.open_checkpoint(files["checkpoint.txt"].decode(), notes.VerifierKey.parse(keys["log"]))
    entry = base64.b64decode(told["leaf"])
    proof = [bytes.fromhex(each) for each in told["proof"]]
    assert told["size"] == head.size
    assert verify_inclusion(leaf_hash(entry), told["index"], told["size"], proof, head.root)
    assert json.loads(entry)["root"] == poll.leaves[-1].root
    assert keys["witnesses"] == [str(WITNESS.verifier)]
    first = log_proofs.files_of(db.session.get_one(Poll, filled.poll_id))["checkpoint.txt"].decode()
    assert notes.Note.parse(first).signed_by(WITNESS.verifier)
    assert log_proofs.files_of(db.session.get_one(Poll, filled.third)) == {}


def test_before_a_checkpoint_there_is_nothing_to_hand_out(scene):
    log_key.use(log_key.LogKey())
    poll = scene.open().open_poll()
    polls.close_poll(scene.who["secretary"], poll.id, now=scene.now)
    sequencer.work()
    assert log_proofs.files_of(poll) == {}
    assert db.session.scalars(select(Checkpoint)).all() == []
