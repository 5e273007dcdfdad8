"""Promulgated Resolutions get a long-term form beside the promulgated file and are renewed, or it is said why not."""

import datetime as dt
import json
from hashlib import sha256
from types import SimpleNamespace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.extensions import db
from app.gateways import pades, revocation, signing, storage, timestamp
from app.gateways.revocation import Client, Place, Standing, client
from app.gateways.timestamp import StampFault
from app.models import AuditEntry, AuthorityAnswer, Job, JobState, PreservedFile, Queue
from app.tasks import execution, schedule
from app.tasks import preservation as tasks
from app.tasks import revocation as revocation_tasks
from app.tasks.schedule import Entry
from app.workflows import (
    authority_answers,
    log_checks,
    log_rows,
    preservation,
    preserved_files,
    public_documents,
    resolution_evidence,
    revocation_evidence,
    verification,
)
from app.workflows.engine.errors import NotAllowed
from app.workflows.engine.rights import SYSTEM
from app.workflows.preservation import Lack
from app.workflows.rules.evidence import bundle, manifest, read_bundle
from tests.cabinet import NOW
from tests.conftest import both
from tests.evidence.bundles import tool
from tests.gateways.pades_cases import said_by
from tests.gateways.preserve_cases import list_of, tokens_of
from tests.gateways.stamp_cases import demo, openssl_verifies
from tests.resolving import Resolving
from tests.stamping import tsa  # noqa: F401 - a fixture
from tests.superuser import as_superuser

MINUTE, HOUR, DAY = dt.timedelta(minutes=1), dt.timedelta(hours=1), dt.timedelta(days=1)
OUT_AT = NOW + 2 * MINUTE


class World:
    """What is outside: a clock, the own authority, the authority of the stamps; each can be silent."""

    def __init__(self, tsa, authority) -> None:  # noqa: F811
        self.tsa, self.authority = tsa, authority
        self.now = OUT_AT
        self.silent = False
        self.revoked: list[tuple[bytes, dt.datetime]] = []

    def answer(self, request: bytes) -> bytes:
        if self.silent:
            raise signing.KeyUnavailable
        return self.authority.ocsp(request, self.now)

    def post(self, *_request):
        return SimpleNamespace(status=200, body=list_of(self.tsa.root, self.now, self.revoked), headers={})

    def work(self, at: dt.datetime) -> None:
        """What the clock plans and the workers do at that time."""
        self.now = self.tsa.clock = at
        schedule.plan(at)
        execution.drain(at, (Queue.SIGNING,))
        db.session.rollback()


@pytest.fixture
def world(app, tsa, monkeypatch, gateways) -> World:  # noqa: F811
    authority = gateways["PUBLISHER"]._authority
    made = World(tsa, authority)
    for name in ("_crl", "_responder"):
        monkeypatch.setattr(authority, name, authority._crl if name == "_crl" else None)
    monkeypatch.setattr(authority, "_root_crl", None)  # lists that other tests had made are of other times
    tsa_root = sha256(tsa.root.certificate).hexdigest()
    asks = Client(
        {tsa_root: (Place("crl", "http://tsa.example/list"),)}, own_issuer=lambda: signing.trusted()[0],
        own=made.answer, own_root=lambda: signing.trusted()[1], own_list=lambda: authority.root_crl(made.now),
        post=made.post,
    )  # fmt: skip
    monkeypatch.setattr(client, "_chosen", [asks])
    entries = [Entry(preservation.KEEP, tasks.slots), Entry(revocation_evidence.ASK, revocation_tasks.slots)]
    monkeypatch.setattr(schedule, "timetable", entries)
    for module in (tasks, revocation_tasks):
        monkeypatch.setattr(module, "_now", lambda: made.now)
    return made


def forms(scene) -> list[SimpleNamespace]:
    db.session.rollback()
    columns = PreservedFile.__table__.columns.keys()
    rows = preserved_files.files_of(scene.resolution_id)
    return [SimpleNamespace(**{name: getattr(row, name) for name in columns}) for row in rows]


def lack(scene, at: dt.datetime) -> Lack | None:
    return preservation.lack_of(scene.resolution, at)


def repacked(data: bytes, change: dict[str, bytes]) -> bytes:
    """The bundle with other files, and a manifest that fits them."""
    files = read_bundle(data) | change
    told = json.loads(files.pop("manifest.json"))
    files["manifest.json"] = manifest(files, {name: told[name] for name in ("ctx", "resolution_id")})
    return bundle(files)


def judged(scene, content: bytes, at: dt.datetime) -> pades.Verdict:
    return pades.verdict(content, verification.expected_of(scene.resolution), signing.trusted(), at)


@both
def test_a_promulgated_resolution_gets_its_long_term_form(app, world, tmp_path):
    scene = Resolving().up_to("promulgated")
    promulgated = scene.resolution.signatures[-1].file.sha256
    assert lack(scene, OUT_AT) is Lack.ANSWERS
    world.work(OUT_AT)
    world.work(OUT_AT + MINUTE)
    (form,) = forms(scene)
    assert (form.number, form.level.value, form.stamped_by) == (1, "B-LTA", "Test TSA")
    content = storage.read(form.sha256)
    assert content.startswith(storage.read(promulgated))
    assert scene.resolution.signatures[-1].file.sha256 == promulgated, "the promulgated file stays what it is"
    verdict = judged(scene, content, world.now)
    assert (verdict.state, verdict.level, len(verdict.stamps)) == ("valid", "B-LTA", 1)
    assert [signer.role for signer in verdict.signers] == ["signature", "seal"]
    (tmp_path / "long.pdf").write_bytes(content)
    assert said_by("pdfsig", tmp_path / "long.pdf").count("Signature is Valid.") == 2
    ((covered, token),) = tokens_of(content)
    digest = sha256(covered).digest()
    assert openssl_verifies(tmp_path, token, digest, world.tsa.root.certificate, world.now)[0]
    (fact,) = db.session.query(AuditEntry).filter_by(fact="ResolutionPreserved")
    assert (fact.payload["file_sha256"], fact.payload["level"]) == (form.sha256, "B-LTA")
    assert lack(scene, world.now) is None


@both
def test_a_long_term_form_that_is_changed_or_lost_is_named(request, app, world):
    scene = Resolving().up_to("promulgated")
    world.work(OUT_AT)
    world.work(OUT_AT + MINUTE)
    (form,) = forms(scene)

    def named():
        db.session.remove()
        account = log_checks.Account()
        log_rows.examine(account)
        return [(str(each), each.why) for each in account.broken]

    row, key = f"WHERE resolution_id = {scene.resolution_id}", f"preserved_file:{scene.resolution_id}-1"
    assert named() == []
    db.session.remove()
    with as_superuser(request) as execute:
        execute(f"UPDATE preserved_file SET sha256 = '{'f' * 64}' {row}")  # noqa: S608 - names of this test
        assert named() == [(key, "changed")]
        execute(f"UPDATE preserved_file SET sha256 = '{form.sha256}', due_at = made_at {row}")  # noqa: S608 - likewise
        assert named() == [(key, "changed")]
        execute(f"DELETE FROM preserved_file {row}")  # noqa: S608 - likewise
        assert named() == [(key, "missing")]


def test_running_twice_does_nothing(app, world):
    scene = Resolving().up_to("promulgated")
    world.work(OUT_AT)
    world.work(OUT_AT + MINUTE)
    (form,) = forms(scene)
    asked = world.tsa.asked
    for hour in range(1, 5):
        world.work(OUT_AT + hour * HOUR)
    assert preservation.preserve(SYSTEM, scene.resolution_id, world.now).id == form.id
    assert ([each.id for each in forms(scene)], world.tsa.asked) == ([form.id], asked)


def test_two_workers_make_one_form(app, world):
    scene = Resolving().up_to("promulgated")
    world.work(OUT_AT)
    world.work(OUT_AT + MINUTE)
    (form,) = forms(scene)
    content = storage.read(form.sha256)
    stored = storage.Stored(form.sha256, form.size)
    again = preservation._complete(SYSTEM, scene.resolution_id, 1, stored, judged(scene, content, world.now), world.now)
    assert (again.id, len(forms(scene))) == (form.id, 1)


@both
def test_it_is_renewed_before_the_stamp_loses_its_force(app, world):
    """The certificate of the authority ends after 90 days: sixty days before, the next stamp is due."""
    scene = Resolving().up_to("promulgated")
    world.work(OUT_AT)
    world.work(OUT_AT + MINUTE)
    (first,) = forms(scene)
    assert first.due_at == first.stamp_ends - 60 * DAY
    world.work(first.due_at - HOUR)
    assert len(forms(scene)) == 1
    world.work(first.due_at + HOUR)
    _first, second = forms(scene)
    assert (second.number, second.level.value) == (2, "B-LTA")
    assert second.stamped_at == world.now
    content = storage.read(second.sha256)
    assert content.startswith(storage.read(first.sha256))
    assert (judged(scene, content, world.now).level, len(tokens_of(content))) == ("B-LTA", 2)


@pytest.mark.parametrize("fault", [StampFault.DOWN, StampFault.SLOW, StampFault.WRONG_IMPRINT, StampFault.REDIRECTED])
def test_without_a_stamp_there_is_b_lt_at_first_and_a_stamp_as_soon_as_one_comes(app, world, fault):
    scene = Resolving().up_to("promulgated")
    world.tsa.fault = fault
    world.work(OUT_AT)
    world.work(OUT_AT + MINUTE)
    (form,) = forms(scene)
    assert (form.level.value, form.stamped_at, form.stamp_ends) == ("B-LT", None, None)
    assert judged(scene, storage.read(form.sha256), world.now).level == "B-LT"
    assert lack(scene, world.now) is Lack.STAMP
    world.work(OUT_AT + HOUR)
    assert len(forms(scene)) == 1, "without a stamp nothing is gained a second time"
    world.tsa.fault = None
    world.work(OUT_AT + 2 * HOUR)
    assert [each.level.value for each in forms(scene)] == ["B-LT", "B-LTA"]
    assert judged(scene, storage.read(forms(scene)[1].sha256), world.now).level == "B-LTA"


def test_a_renewal_that_fails_leaves_the_former_form_and_says_so(app, world):
    scene = Resolving().up_to("promulgated")
    world.work(OUT_AT)
    world.work(OUT_AT + MINUTE)
    (form,) = forms(scene)
    world.tsa.fault = StampFault.DOWN
    world.work(form.due_at + HOUR)
    assert [each.id for each in forms(scene)] == [form.id]
    assert lack(scene, world.now) is Lack.STAMP
    world.tsa.fault = None
    world.work(form.due_at + 2 * HOUR)
    assert [each.number for each in forms(scene)] == [1, 2]


def test_signed_while_nobody_stamped_it_waits_for_the_document_time_stamp(app, world):
    world.tsa.fault = StampFault.DOWN
    scene = Resolving().up_to("promulgated")
    world.work(OUT_AT)
    world.work(OUT_AT + MINUTE)
    assert forms(scene) == [], "B-LT without any stamp would prove no time"
    assert lack(scene, world.now) is Lack.STAMP
    world.tsa.fault = None
    world.work(OUT_AT + HOUR)
    (form,) = forms(scene)
    verdict = judged(scene, storage.read(form.sha256), world.now)
    assert (form.level.value, verdict.level, [each.stamped_at for each in verdict.signers]) == (
        "B-LTA", "B-LTA", [None, None],
    )  # fmt: skip


def test_it_waits_for_the_answers_about_who_signed(app, world):
    world.silent = True
    scene = Resolving().up_to("promulgated")
    world.work(OUT_AT)
    world.work(OUT_AT + MINUTE)
    assert forms(scene) == []
    assert lack(scene, world.now) is Lack.ANSWERS
    (job,) = db.session.query(Job).filter_by(name=preservation.BEGIN, state=JobState.DUE)
    assert job.last_error.startswith("answers")
    world.silent = False
    world.work(OUT_AT + 2 * HOUR)
    world.work(OUT_AT + 3 * HOUR)
    assert [each.level.value for each in forms(scene)] == ["B-LTA"]


def test_what_nobody_is_asked_about_any_more_is_said_and_an_administrator_has_it_asked_again(app, world):
    world.silent = True
    scene = Resolving().up_to("promulgated")
    at = OUT_AT + revocation_evidence.ASKED_FOR
    assert lack(scene, at - HOUR) is Lack.ANSWERS
    assert lack(scene, at) is Lack.GIVEN_UP
    assert "quản trị viên" in str(preservation.SAID[Lack.GIVEN_UP])
    world.silent = False
    world.work(at)
    assert (forms(scene), lack(scene, at)) == ([], Lack.GIVEN_UP), "the authority is back, and nobody asks it"
    admin, signed = scene.who["admin"], [each.statement.certificate_id for each in scene.resolution.signatures]
    with pytest.raises(NotAllowed):
        revocation_evidence.ask_again(scene.who["auditor"], signed[0], at)
    for certificate_id in signed:
        revocation_evidence.ask_again(admin, certificate_id, at)
    world.work(at)
    with pytest.raises(revocation_evidence.NothingMissing):
        revocation_evidence.ask_again(admin, signed[0], at)
    world.work(at + HOUR)
    assert [each.level.value for each in forms(scene)] == ["B-LTA"]
    assert db.session.query(AuditEntry).filter_by(fact="AnswersAskedAgain").count() == len(signed)


def test_a_new_answer_is_kept_with_every_older_signature_of_its_certificate(app, world):
    world.silent = True
    scene = Resolving().up_to("promulgated")
    statement = scene.resolution.signatures[-1].statement
    number, sha, after = statement.certificate_id, statement.sha256, OUT_AT + 2 * revocation_evidence.ASKED_FOR
    answer = revocation.Answer(Standing.GOOD, b"an answer", at=after - HOUR)
    assert revocation_evidence.keep_answer(SYSTEM, number, answer, after) > 0
    assert revocation_evidence.shown(sha, after).state is revocation_evidence.AnswerState.GOOD


def test_where_nobody_can_be_asked_nobody_is_asked_again(app, world, monkeypatch):
    monkeypatch.setattr(client, "_chosen", [Client()])
    scene = Resolving().up_to("promulgated")
    with pytest.raises(revocation_evidence.NobodyToAsk):
        revocation_evidence.ask_again(
            scene.who["admin"], scene.resolution.signatures[0].statement.certificate_id, OUT_AT
        )


def test_where_nobody_can_be_asked_it_says_so(app, world, monkeypatch):
    monkeypatch.setattr(client, "_chosen", [Client()])
    scene = Resolving().up_to("promulgated")
    world.work(OUT_AT)
    world.work(OUT_AT + HOUR)
    assert (forms(scene), lack(scene, world.now)) == ([], Lack.NOBODY)
    assert "quản trị viên" in str(preservation.SAID[Lack.NOBODY])


def test_a_lying_authority_of_stamps_is_not_believed(app, world, monkeypatch):
    scene = Resolving().up_to("promulgated")
    stranger = demo(type(world.tsa.root).make(NOW), NOW)
    monkeypatch.setattr(world.tsa, "authority", stranger)
    world.work(OUT_AT)
    world.work(OUT_AT + MINUTE)
    assert [each.level.value for each in forms(scene)] == ["B-LT"]
    assert lack(scene, world.now) is Lack.STAMP


def test_a_revoked_authority_of_stamps_stamps_nothing_more(app, world):
    scene = Resolving().up_to("promulgated")
    world.work(OUT_AT)
    world.work(OUT_AT + MINUTE)
    (form,) = forms(scene)
    world.revoked.append((world.tsa.authority.certificate, OUT_AT + HOUR))
    world.work(form.due_at + HOUR)
    assert [each.id for each in forms(scene)] == [form.id]
    assert set(authority_answers.revoked().values()) == {OUT_AT + HOUR}
    (fact,) = db.session.query(AuditEntry).filter_by(fact="AuthorityRevoked")
    assert fact.payload["name"] == "Test TSA"
    assert judged(scene, storage.read(form.sha256), world.now).state == "valid", "it had stamped before"
    world.tsa.authority = demo(world.tsa.root, world.now)
    world.work(form.due_at + 2 * HOUR)
    assert [each.number for each in forms(scene)] == [1, 2]


@both
def test_what_was_kept_is_never_changed(app, world):
    Resolving().up_to("promulgated")
    world.work(OUT_AT)
    world.work(OUT_AT + MINUTE)
    assert db.session.query(AuthorityAnswer).count() >= 2
    doors = ("UPDATE preserved_file SET level = 'B-LT'", "DELETE FROM preserved_file",
             "UPDATE authority_answer SET revoked_since = at", "DELETE FROM authority_answer")  # fmt: skip
    for door in doors:
        with pytest.raises(DBAPIError):
            db.session.execute(text(door))
        db.session.rollback()


def test_the_public_page_and_the_command_know_the_long_term_form(app, world):
    scene = Resolving().up_to("promulgated")
    world.work(OUT_AT)
    world.work(OUT_AT + MINUTE)
    content = storage.read(forms(scene)[0].sha256)
    checked = public_documents.check_file(content, None, world.now)
    assert (checked.verdict.state, checked.verdict.level, checked.identical) == ("valid", "B-LTA", False)
    assert checked.document.id == scene.resolution_id
    found = verification.verify(content, world.now)
    assert (found.state, [signer.role for signer in found.signers]) == ("valid", ["signature", "seal"])
    assert verification.with_file(sha256(content).hexdigest()).id == scene.resolution_id


def test_the_forms_are_in_the_evidence_and_the_tool_judges_them(app, world):
    scene = Resolving().up_to("promulgated")
    early = resolution_evidence.bundle_of(scene.who["auditor"], scene.resolution_id, scene.later(90))
    assert next(step for step in tool.examine(early).steps if step[0] == "long_term")[1] == [("none", {})]
    world.work(OUT_AT)
    world.work(OUT_AT + MINUTE)
    world.work(forms(scene)[0].due_at + HOUR)
    made = resolution_evidence.bundle_of(scene.who["auditor"], scene.resolution_id, scene.later(99))
    account = tool.examine(made, older=early)
    assert account.problems == []
    assert ("long_term", {"forms": 2, "stamps": 2}) in [note for _code, notes, _n in account.steps for note in notes]
    first, second = (read_bundle(made)[f"long-term/{number:04d}.pdf"] for number in (1, 2))
    assert second.startswith(first)
    token = tokens_of(second)[0][1]
    for change, code in (
        ({"long-term/0002.pdf": b"%PDF" + second[4:] + b" "}, "long_term_stamp"),
        ({"long-term/0002.pdf": b"%PDG" + second[4:]}, "long_term_begins"),
        ({"long-term/0002.pdf": first}, "long_term_begins"),
        ({"long-term/0001.pdf": first.replace(b"/DSS", b"/DSX")}, "long_term_stamp"),
        ({"long-term/0001.pdf": first.replace(token.hex().encode(), b"00" * len(token))}, "long_term_stamp"),
    ):
        bad = repacked(made, change)
        assert code in {problem.code for _step, problem in tool.examine(bad).problems}, (list(change), code)


def test_nobody_is_asked_while_anything_is_open(app, world, monkeypatch):
    """Outside calls come between transactions."""
    opened: list[bool] = []
    stamp, ask = world.tsa.stamp, revocation.ask
    monkeypatch.setattr(world.tsa, "stamp", lambda *args: opened.append(db.session().in_transaction()) or stamp(*args))
    monkeypatch.setattr(revocation, "ask", lambda *args: opened.append(db.session().in_transaction()) or ask(*args))
    Resolving().up_to("promulgated")
    world.work(OUT_AT)
    world.work(OUT_AT + MINUTE)
    assert (len(opened) > 3, any(opened)) == (True, False)
    assert timestamp.stamper() is world.tsa
