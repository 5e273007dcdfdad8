"""The log and its witness, a process of its own: cosignatures, silence, restored backups, gaps and conflicts."""

import datetime as dt

import pytest

from app import installation
from app.extensions import db
from app.gateways import log_key
from app.gateways.witness import pinned
from app.gateways.witness.client import Witness
from app.gateways.witness.notes import COSIGNER, LOG, Key, Note
from app.models import (
    AuditEntry,
    CheckpointCosignature,
    CheckpointReason,
    DeclaredGap,
    Office,
    WitnessFinding,
    WitnessReport,
)
from app.settings import NotReady
from app.tasks import sequencer
from app.tasks import witness as witness_tasks
from app.workflows import gaps, installation_log, polls, sequencing, witnessing
from app.workflows.engine.errors import NotAllowed, NotFound
from app.workflows.engine.rights import SYSTEM
from app.workflows.rules import checkpoint as notes
from tests import cabinet
from tests.cabinet import NOW
from tests.conftest import both
from tests.superuser import as_superuser
from tests.witness import twin
from tests.witness.liar import answering

AGREES, EMPTY, AHEAD, DIFFERS, CONFLICT, SILENT = WitnessFinding
SIGNED, FORMER, AWAITED, BROKEN = witnessing.ConfirmationState
BODY = 1
LATER = NOW + dt.timedelta(minutes=5)


class PinnedLog:
    """The log of the application under test, as the witness is told of it."""

    def __init__(self):
        self.key = Key.parse(log_key.key().public, LOG)


@pytest.fixture
def process(app, tmp_path):
    with twin.running(tmp_path / "w", PinnedLog()) as found:
        pinned.use([Witness(f"http://127.0.0.1:{found.port}", str(found.key))])
        yield found
    pinned.use([])


def witness():
    return pinned.witnesses()[0]


def checkpoint():
    """Enter what waits, and sign the head."""
    sequencer.work()
    return sequencing.take_checkpoint(SYSTEM, CheckpointReason.NIGHTLY, NOW)


def attend(now=NOW):
    return witnessing.attend(witness(), BODY, now)


def cosigned():
    rows = db.session.query(CheckpointCosignature).order_by(CheckpointCosignature.id).all()
    return [row.checkpoint_id for row in rows]


def facts(name):
    return [row.payload for row in db.session.query(AuditEntry).filter_by(fact=name)]


def set_back(request, size):
    """What the restore of an old backup leaves: a log that ends there, and nothing that was kept since."""
    db.session.remove()
    with as_superuser(request) as execute:
        for table in ("checkpoint_cosignature", "witness_report", "log_pending"):
            execute(f"DELETE FROM {table}")  # noqa: S608
        execute(f"DELETE FROM checkpoint WHERE size > {size}")  # noqa: S608
        execute(f"DELETE FROM log_entry WHERE seq >= {size}")  # noqa: S608


def told(kept):
    """What is known of the witnesses of a checkpoint."""
    return [(each.witness, each.state, each.at is not None) for each in witnessing.confirmations(kept)]


@both
def test_each_checkpoint_is_cosigned_and_kept_once(process, scene):
    first = checkpoint()
    assert attend().finding is EMPTY
    scene.open()
    second = checkpoint()
    seen = attend(LATER)
    assert (seen.finding, cosigned()) == (AGREES, [first, second])
    kept = installation_log.last_checkpoint()
    note = Note.parse(installation_log.signed_note(kept).encode())
    assert note.signed_by(PinnedLog().key)
    assert note.cosigned_at(process.key)
    assert told(kept) == [(twin.NAME, SIGNED, True)]
    (at,) = [each.at for each in witnessing.confirmations(kept)]
    assert at.timestamp() == note.cosigned_at(process.key)  # the witness's own clock
    assert witnessing.last_confirmations() == [(twin.NAME, LATER)]
    assert attend(LATER).known_size == kept.size
    assert cosigned() == [first, second]
    reports = db.session.query(WitnessReport).order_by(WitnessReport.id)
    assert [row.finding for row in reports] == [EMPTY, AGREES, AGREES]
    assert facts("WitnessContradicted") == []


def test_a_checkpoint_that_the_witness_missed_is_covered_by_the_next(process, scene):
    first = checkpoint()
    attend()
    scene.invite()
    url = witness().url
    pinned.use([Witness("http://127.0.0.1:1", str(process.key))])
    second = checkpoint()
    assert attend().finding is SILENT
    assert told(installation_log.last_checkpoint()) == [(twin.NAME, AWAITED, False)]
    polls.open_poll(scene.check_in(*cabinet.MEMBERS) and scene.who["secretary"], _ready(scene), now=NOW)
    pinned.use([Witness(url, str(process.key))])
    third = checkpoint()
    assert attend().finding is AGREES
    assert cosigned() == [first, second, third]


def _ready(scene):
    from app.workflows import agenda, meetings

    meetings.open_meeting(scene.who["secretary"], scene.meeting_id, now=NOW)
    agenda.open_item(scene.who["secretary"], scene.item_id, now=NOW)
    return scene.draft().id


def test_two_workers_at_once_keep_one_cosignature(process, scene, app):
    import threading

    checkpoint()
    start, found = threading.Barrier(3), []

    def work():
        with app.app_context():
            start.wait()
            found.append(attend().finding)
            db.session.remove()

    threads = [threading.Thread(target=work) for _each in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 3
    assert set(found) <= {AGREES, EMPTY}
    assert len(cosigned()) == 1


def test_the_state_before_its_answer_is_sent_again_after_a_lost_answer(process, scene):
    """The witness has it on the disk and nobody heard: the next look gets the cosignature under the same checkpoint."""
    made = checkpoint()
    kept = installation_log.last_checkpoint()
    assert process.add(twin.body(0, [], kept.note.encode()))[0] == 200
    assert cosigned() == []
    assert attend().finding is AGREES
    assert cosigned() == [made]


LIES = {"another key": 0, "redirect": 1, "slow": 2, "no such thing": 3, "garbage": 4, "garbage without end": 5}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_a_witness_that_cannot_be_believed_is_silent_and_stops_nothing(app, scene, lie):
    checkpoint()
    note = installation_log.last_checkpoint().note.encode()
    scene.open()
    ways = [{"status": 200, "body": note}, {"status": 302, "headers": {"Location": "http://127.0.0.1:1"}},
            {"status": 200, "wait": 5.0}, {"status": 500, "body": b"no"}, {"status": 200, "body": bytes(range(256))},
            {"status": 200, "body": b"\xe2\x80\x94 w.example " * 40_000}]  # fmt: skip
    key = twin.Log("w.example").key
    vkey = str(Key("w.example", COSIGNER, key.public))
    with answering(**ways[lie]) as (url, _asked):
        pinned.use([Witness(url, vkey, answer=0.5)])
        try:
            assert attend().finding is SILENT
            assert cosigned() == []
            assert scene.open_poll().state.value == "open"
        finally:
            pinned.use([])


def test_a_vote_waits_until_the_log_was_compared_lately(process, scene):
    scene.open()
    checkpoint()
    with pytest.raises(witnessing.NotCompared):
        scene.open_poll()
    witnessing.refresh(BODY, NOW - 2 * witnessing.FRESH)
    with pytest.raises(witnessing.NotCompared):
        scene.open_poll()
    witnessing.refresh(BODY, NOW)
    assert scene.open_poll().state.value == "open"
    before = db.session.query(WitnessReport).count()
    witnessing.refresh(BODY, NOW + dt.timedelta(minutes=1))
    assert db.session.query(WitnessReport).count() == before  # nobody is asked twice within the hour


@both
def test_a_cosignature_is_judged_anew_whenever_somebody_is_told_of_it(request, process, scene):
    checkpoint()
    attend()
    other = Witness("http://127.0.0.1:1", str(Key("other.example", COSIGNER, process.key.public)))
    pinned.use([other])
    assert told(installation_log.last_checkpoint()) == [(twin.NAME, FORMER, True), ("other.example", AWAITED, False)]
    pinned.use([Witness("http://127.0.0.1:1", str(process.key))])
    db.session.remove()
    with as_superuser(request) as execute:
        execute("UPDATE checkpoint_cosignature SET line = replace(line, 'A', 'B')")
    assert told(installation_log.last_checkpoint()) == [(twin.NAME, BROKEN, False)]


def test_a_comparison_from_the_future_is_not_fresh_after_the_clock_was_set_back(process, scene):
    """A wrong clock compared once; set right, the witnesses are asked again, and then votes can be opened."""
    scene.open()
    checkpoint()
    witnessing.refresh(BODY, NOW + dt.timedelta(days=400))
    with pytest.raises(witnessing.NotCompared):
        scene.open_poll()
    witnessing.refresh(BODY, NOW)
    assert scene.open_poll().state.value == "open"


@pytest.fixture
def restored(request, process, scene):
    """An open meeting; the log had 40 and more entries with the witness, and has ten fewer now."""
    checkpoint()
    attend()
    scene.open()
    for _each in range(10):
        scene.draft()
    checkpoint()
    attend()
    size = installation_log.size()
    set_back(request, size - 10)
    return size


@both
def test_an_old_backup_is_noticed_and_votes_wait_for_two_people(restored, process, scene):
    seen = attend()
    assert (seen.finding, seen.known_size, seen.own_size) == (AHEAD, restored, restored - 10)
    with pytest.raises(witnessing.LogDoubtful) as refused:
        scene.open_poll()
    assert "ít nhất 10 mục" in str(refused.value)
    assert facts("WitnessContradicted")[0]["known_size"] == restored
    assert cosigned() == []  # nothing was sent to a witness that knows another log
    who = scene.who
    for name in ("a", "clerk", "admin", "chairman"):
        with pytest.raises((NotAllowed, NotFound)):
            gaps.declare_gap(who[name], "Khôi phục", NOW)
    gap = gaps.declare_gap(who["auditor"], "Khôi phục từ bản sao lưu ngày 20/11 sau sự cố đĩa", NOW)
    assert (gap.missing_from, gap.missing_to, gap.declared_as) == (restored - 9, restored, Office.AUDITOR)
    with pytest.raises(witnessing.LogDoubtful):
        scene.open_poll()  # one person is not enough
    with pytest.raises(gaps.OtherOffice):
        gaps.confirm_gap(who["auditor"], gap.id, NOW)
    with pytest.raises((NotAllowed, NotFound)):
        gaps.confirm_gap(who["a"], gap.id, NOW)
    gaps.confirm_gap(who["head"], gap.id, NOW)
    with pytest.raises(gaps.GapConfirmedAlready):
        gaps.confirm_gap(who["head"], gap.id, NOW)
    assert scene.open_poll().state.value == "open"
    with pytest.raises(gaps.NothingToDeclare):
        gaps.declare_gap(who["head"], "Khôi phục", NOW)
    assert [fact["missing_from"] for fact in facts("GapDeclared") + facts("GapConfirmed")] == [restored - 9] * 2


@both
def test_without_the_comparison_an_old_backup_is_not_noticed(restored, scene, monkeypatch):
    """The control: the guard in front of the opening is what notices it."""
    attend()
    monkeypatch.setattr(witnessing, "doubts", list)
    assert scene.open_poll().state.value == "open"


@both
def test_after_the_gap_the_witness_goes_on_by_an_act_of_its_operator(restored, process, scene, tmp_path):
    attend()
    who = scene.who
    gaps.confirm_gap(who["auditor"], gaps.declare_gap(who["head"], "Khôi phục sau sự cố", NOW).id, NOW)
    made = checkpoint()
    assert attend().finding is AHEAD
    assert cosigned() == []
    (tmp_path / "note").write_text(installation_log.last_checkpoint().note)
    done = twin.run("resume", "--folder", tmp_path / "w", "--log", PinnedLog().key, "--note", tmp_path / "note",
                    "--reason", "Quyết định ngày 22/11")  # fmt: skip
    assert done.returncode == 0
    assert attend().finding is AGREES
    assert cosigned() == [made]
    assert len(facts("WitnessAgreed")) == 1
    scene.open_poll()
    second = checkpoint()
    attend()
    assert cosigned() == [made, second]


@both
def test_another_log_of_the_same_size_is_noticed_and_a_declared_gap_covers_that_state_only(restored, process, scene):
    while installation_log.size() <= restored:  # others went on working before anybody looked
        scene.draft()
        sequencer.work()
    seen = attend()
    assert seen.finding is DIFFERS
    with pytest.raises(witnessing.LogDoubtful) as refused:
        scene.open_poll()
    assert f"tối đa {restored} mục" in str(refused.value)
    who = scene.who
    gap = gaps.declare_gap(who["head"], "Khôi phục sau sự cố", NOW)
    assert (gap.missing_from, gap.missing_to) == (1, restored)
    gaps.confirm_gap(who["auditor"], gap.id, NOW)
    witnessing.require_sound(scene.meeting, NOW)
    report = db.session.get_one(WitnessReport, gap.report_id)
    witnessing.keep_report(SYSTEM, BODY, report.witness,
                           witnessing.Seen(AHEAD, 999, 10, report.note, "0" * 64), NOW)  # fmt: skip
    with pytest.raises(witnessing.LogDoubtful):
        witnessing.require_sound(scene.meeting, NOW)


@pytest.mark.parametrize("left", ["nothing", "another key"])
def test_without_the_key_of_the_log_nobody_can_tell_and_no_vote_is_opened(restored, scene, gateways, left):
    """A backup that came back on a machine without the keys, and one where a new key was made."""
    private = notes.SigningKey(PinnedLog().key.name, notes.ED25519, bytes(32))
    log_key.use(log_key.LogKey(public=str(private.verifier) if left == "another key" else ""))
    try:
        assert attend().finding is SILENT
        with pytest.raises(witnessing.NoLogKey):
            scene.open_poll()
    finally:
        log_key.use(gateways["LOG_SIGNER"])


@pytest.mark.parametrize("said", ["https://w.example", "ftp://w.example a+b+c"])
def test_a_setting_that_names_no_witness_stops_the_start(app, monkeypatch, said):
    monkeypatch.setitem(app.config, "WITNESSES", said)
    with pytest.raises(NotReady, match="ECABINET_WITNESSES"):
        installation.choose_gateways(app)


def test_a_witness_of_the_settings_is_pinned(app, monkeypatch):
    vkey = str(Key("w.example", COSIGNER, bytes(32)))
    monkeypatch.setitem(app.config, "WITNESSES", f"https://w.example {vkey}")
    try:
        installation.choose_gateways(app)
        assert [witness.name for witness in pinned.witnesses()] == ["w.example"]
        assert log_key.witnesses() == (vkey,)
    finally:
        pinned.use([])
        log_key.use_witnesses([])


@both
def test_silence_after_a_contradiction_opens_nothing(restored, process, scene):
    attend()
    pinned.use([Witness("http://127.0.0.1:1", str(process.key))])
    assert attend().finding is SILENT
    with pytest.raises(witnessing.LogDoubtful):
        scene.open_poll()


@both
def test_a_conflict_stays_one_until_likewise_resumed(process, scene, tmp_path):
    scene.open()
    checkpoint()
    attend()
    kept = installation_log.last_checkpoint()
    private = notes.SigningKey.parse(log_key.key().private)
    forged = notes.sign_checkpoint(private, notes.Checkpoint(private.name, kept.size, bytes(32)))
    assert process.add(twin.body(0, [], str(forged).encode()))[1] == "text/x.ecabinet.conflict"
    seen = attend()
    assert (seen.finding, seen.known_size) == (CONFLICT, kept.size)
    assert str(forged) in seen.note
    assert kept.note in seen.note
    with pytest.raises(witnessing.LogDoubtful, match=r"mâu thuẫn"):
        scene.open_poll()
    gap = gaps.declare_gap(scene.who["head"], "Đã điều tra", NOW)
    assert gap.missing_to < gap.missing_from
    gaps.confirm_gap(scene.who["auditor"], gap.id, NOW)
    assert scene.open_poll().state.value == "open"
    checkpoint()
    assert attend().finding is CONFLICT  # the witness itself waits for its operator
    (tmp_path / "note").write_text(installation_log.last_checkpoint().note)
    options = ("--folder", tmp_path / "w", "--log", PinnedLog().key, "--note", tmp_path / "note", "--reason", "x")
    assert twin.run("resume", *options).returncode == 0
    assert attend().finding is AGREES


@pytest.mark.parametrize("reason", ["", " ", "x" * 2001, "a\x00b"])
def test_a_gap_needs_a_reason(restored, process, scene, reason):
    attend()
    with pytest.raises(gaps.NoReasonForGap):
        gaps.declare_gap(scene.who["head"], reason, NOW)
    assert db.session.query(DeclaredGap).count() == 0


def test_a_report_and_a_gap_are_never_changed(restored, process, scene):
    attend()
    gaps.declare_gap(scene.who["head"], "Khôi phục", NOW)
    from sqlalchemy.exc import DBAPIError

    from app.models.guards import guard_statements

    db.session.remove()
    with db.engine.connect().execution_options(writes=True) as connection, connection.begin():
        for statement in guard_statements("sqlite"):
            connection.exec_driver_sql(statement)
    for change in ("UPDATE witness_report SET finding = 'agrees'", "DELETE FROM witness_report",
                   "UPDATE declared_gap SET missing_to = 0", "DELETE FROM declared_gap"):  # fmt: skip
        with pytest.raises(DBAPIError, match="insert-only"), db.engine.begin() as connection:
            connection.exec_driver_sql(change)


def test_the_calendar_looks_every_ten_minutes_and_at_each_checkpoint(process, scene):
    made = checkpoint()
    slots = dict(witness_tasks.slots(BODY, NOW))
    assert sorted(each["checkpoint_id"] for each in slots.values()) == [0, made]
    for arguments in slots.values():
        witness_tasks.attend(arguments)
        witness_tasks.attend(arguments)
    assert cosigned() == [made]
    assert [each["checkpoint_id"] for _slot, each in witness_tasks.slots(BODY, NOW)] == [0]
    assert next(iter(witness_tasks.slots(BODY, NOW + dt.timedelta(minutes=10))))[0] not in slots
    assert list(witness_tasks.slots(2, NOW)) == []


def test_a_checkpoint_is_tried_again_by_its_job_and_a_look_is_not(process, scene):
    from app.gateways.handover import Unreachable

    made = checkpoint()
    arguments = {"body_id": BODY, "witness": process.key.id.hex(), "checkpoint_id": made}
    process.kill()
    with pytest.raises(Unreachable):
        witness_tasks.attend(arguments)
    witness_tasks.attend(arguments | {"checkpoint_id": 0})
    assert [row.finding for row in db.session.query(WitnessReport)] == [SILENT, SILENT]


def test_without_a_witness_nothing_is_asked_and_nobody_is_named(scene):
    assert pinned.witnesses() == ()
    scene.open().open_poll()
    checkpoint()
    assert list(witness_tasks.slots(BODY, NOW)) == []
    assert witnessing.confirmations(installation_log.last_checkpoint()) == []


@pytest.mark.parametrize("text", ["https://host", "https://host nokey", "host key https://b"])
def test_settings_that_name_no_witness_are_refused(text):
    with pytest.raises(ValueError, match=r"."):
        pinned.parse(text)
