"""Who has to see to a certificate is told in time, once for each step, and not after it was renewed."""

import datetime as dt

import pytest

from app.extensions import db
from app.gateways import signing
from app.models import AuditEntry, CertificateRevocation, KeyState, Notice, SealKey
from app.tasks import execution
from app.tasks import expiry as tasks
from app.views import notice_words
from app.workflows import expiry, keys
from app.workflows.engine.rights import SYSTEM
from tests.cabinet import NOW
from tests.gateways.certificate_faults import SOUND, made
from tests.resolving import Resolving
from tests.stamping import tsa  # noqa: F401 - a fixture
from tests.workflows.test_certificate_faults import equip

DAY = dt.timedelta(days=1)


@pytest.fixture
def a(app, people, gateways):
    """Member a, whose certificate ends in twenty days."""
    equip(people["a"], made(gateways["PUBLISHER"]._authority, "An", NOW - DAY, NOW + 20 * DAY))
    return people["a"]


def certificate_of(who):
    return keys.active_key(who.person_id).certificate


def warn_at(when, body_id=1):
    """What the nightly task does at that moment."""
    return [expiry.warn(SYSTEM, number, step, when) for number, step in expiry.due(body_id, when)]


def told():
    return [each.payload["step"] for each in db.session.query(AuditEntry).filter_by(fact="CertificateExpiring")]


def test_each_step_is_told_once(a):
    for day in range(20):
        warn_at(NOW + day * DAY)
        warn_at(NOW + day * DAY)
    assert told() == [30, 7, 1]


def test_the_person_and_the_administrators_are_told(a, people):
    assert warn_at(NOW) == [True]
    execution.drain(NOW)
    notices = db.session.query(Notice).filter_by(kind="CertificateExpiring").all()
    assert {notice.person_id for notice in notices} == {a.person_id, people["admin"].person_id}
    words = notice_words.certificate_expiring(notices[0].details)
    assert "An" in words
    assert f"{NOW + 20 * DAY:%d/%m/%Y}" in words


def test_nobody_is_told_of_a_certificate_that_lasts(app, people):
    assert warn_at(NOW) == []
    assert told() == []


@pytest.mark.parametrize("how", ["renewed", "revoked", "suspended"])
def test_what_is_not_used_any_more_is_nobodys_concern(a, gateways, how):
    warn_at(NOW)
    execution.drain(NOW)
    notice = db.session.query(Notice).filter_by(kind="CertificateExpiring", person_id=a.person_id).one()
    assert expiry.still_ending(notice, NOW)  # the control
    if how == "renewed":
        equip(a, SOUND["P-256"](gateways["PUBLISHER"]._authority, "An", NOW))
    elif how == "revoked":
        db.session.add(CertificateRevocation(certificate_id=certificate_of(a).id, at=NOW, reason="mất"))
    else:
        keys.active_key(a.person_id).state = KeyState.SUSPENDED
    db.session.commit()
    assert not expiry.still_ending(notice, NOW)
    assert warn_at(NOW + 14 * DAY) == []
    assert told() == [30]


def test_one_that_was_renewed_between_planning_and_telling_is_left_out(a, gateways):
    ((number, step),) = expiry.due(1, NOW)
    equip(a, SOUND["P-256"](gateways["PUBLISHER"]._authority, "An", NOW))
    assert expiry.warn(SYSTEM, number, step, NOW) is False


def test_the_end_of_a_seal_is_told_to_the_records_office(app, gateways):
    scene = Resolving().equipped()
    seal = db.session.query(SealKey).one()
    at = seal.certificate.not_after - 5 * DAY
    assert seal.certificate_id in [number for number, _step in expiry.due(1, at)]
    expiry.warn(SYSTEM, seal.certificate_id, 7, at)
    execution.drain(at)
    people = {notice.person_id for notice in db.session.query(Notice).filter_by(kind="CertificateExpiring")}
    assert scene.who["records"].person_id in people


@pytest.mark.parametrize(("days", "step"), [(29, 30), (6, 7), (1, 1)])
def test_a_seal_is_announced_at_each_step_as_a_person_is(app, days, step):
    Resolving().equipped()
    seal = db.session.query(SealKey).one()
    at = seal.certificate.not_after - days * DAY
    assert True in warn_at(at)
    assert True not in warn_at(at)
    entries = db.session.query(AuditEntry).filter_by(fact="CertificateExpiring", subject_id=seal.certificate_id)
    assert [(each.payload["step"], each.payload["person_id"]) for each in entries] == [(step, None)]


# -- the certificates behind the time stamps --------------------------------------------------------------------------


@pytest.fixture
def stamped(tsa, scene):  # noqa: F811
    """A ballot with its stamp: from then on the certificate of the authority itself is known."""
    scene.vote("a", scene.open().open_poll().id, "agree")
    tsa.work(NOW)
    return tsa


def warn_of_stampers(when):
    return expiry.warn_of_stampers(SYSTEM, 1, expiry.stampers(), when)


def test_the_authority_of_the_time_stamps_is_watched_and_those_above_it(stamped):
    ends = {facts.sha256: facts.not_after for facts in expiry.stampers()}
    own, root = (signing.certificate_facts(der) for der in (stamped.authority.certificate, stamped.root.certificate))
    assert ends == {own.sha256: own.not_after, root.sha256: root.not_after}


def test_before_the_first_stamp_the_trusted_authorities_alone_are_known(tsa):  # noqa: F811
    assert [facts.sha256 for facts in expiry.stampers()] == [
        signing.certificate_facts(tsa.root.certificate).sha256
    ]


def test_where_nobody_stamps_nothing_is_watched(app):
    assert expiry.stampers() == []
    assert warn_of_stampers(NOW) == 0


def test_the_administrators_are_told_at_each_step_once(stamped, people):
    first = expiry.stampers()[0]
    for days in (31, 29, 20, 6, 1):
        at = first.not_after - days * DAY
        warn_of_stampers(at)
        warn_of_stampers(at)
    facts = db.session.query(AuditEntry).filter_by(fact="StamperExpiring").order_by(AuditEntry.id)
    steps = [each.payload["step"] for each in facts if each.payload["certificate_sha256"] == first.sha256]
    assert steps == [30, 7, 1]
    execution.drain(first.not_after)
    notices = db.session.query(Notice).filter_by(kind="StamperExpiring").all()
    assert {notice.person_id for notice in notices} == {people["admin"].person_id}
    assert first.name in notice_words.stamper_expiring(notices[0].details)


def test_the_task_asks_the_clock_of_the_machine(app):
    tasks.warn({"body_id": 1})
    assert told() == []


def test_the_list_of_keys_marks_and_finds_what_ends_soon(app, a, monkeypatch):
    from app.views import record_words

    monkeypatch.setattr(record_words, "now", lambda: NOW)
    device = app.test_client().enter_as("clerk")
    until = f"{NOW + 30 * DAY:%d/%m/%Y}"
    page = device.get("/records/keys/").text
    assert page.count("sắp hết hạn") == 1
    conditions = "_flt_1_certificate.not_after"
    assert device.get(f"/records/keys/?{conditions}={until}").text.count("sắp hết hạn") == 1
    early = f"{NOW + 10 * DAY:%d/%m/%Y}"
    assert "sắp hết hạn" not in device.get(f"/records/keys/?{conditions}={early}").text
