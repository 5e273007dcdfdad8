"""The doctor on certificates: whose end is near, whom we believe, and what is still unproven."""

import datetime as dt

import pytest

from app.doctor import certificates
from app.doctor.findings import Level
from app.extensions import db
from app.gateways import signing
from app.installation import NotReady, _trust_outside, require_ready
from app.models import Job, JobState, SealKey
from app.workflows import certificate_rounds
from tests.cabinet import NOW
from tests.gateways.certificate_faults import made
from tests.gateways.signing_cases import as_pem
from tests.resolving import Resolving
from tests.stamping import tsa  # noqa: F401 - a fixture
from tests.workflows.test_certificate_faults import equip

DAY = dt.timedelta(days=1)


@pytest.fixture
def clock(monkeypatch):
    monkeypatch.setattr(certificates, "_now", lambda: NOW)


def levels(check):
    return [finding.level for finding in check()]


def test_authorities_are_named_with_their_end(app, clock, monkeypatch):
    assert levels(certificates.authorities) == [Level.OK, Level.OK]
    lasting = signing.certificate_facts(signing.trusted()[0]).not_after
    monkeypatch.setattr(certificates, "_now", lambda: lasting - 100 * DAY)
    assert levels(certificates.authorities) == [Level.WARNING, Level.WARNING]
    monkeypatch.setattr(certificates, "_now", lambda: lasting + DAY)
    assert levels(certificates.authorities) == [Level.ERROR, Level.ERROR]


def test_people_whose_certificate_ends_soon_are_named(app, clock, people, gateways):
    assert levels(certificates.ending) == [Level.OK]
    equip(people["a"], made(gateways["PUBLISHER"]._authority, "Nguyễn Sắp Hết", NOW - DAY, NOW + 20 * DAY))
    (finding,) = certificates.ending()
    assert finding.level is Level.WARNING
    assert "Nguyễn Sắp Hết" in str(finding.words)


def test_a_seal_that_ends_soon_is_named(app, monkeypatch):
    Resolving().equipped()
    seal = db.session.query(SealKey).one()
    monkeypatch.setattr(certificates, "_now", lambda: seal.certificate.not_after - 5 * DAY)
    assert seal.certificate.subject in str(next(certificates.ending()).words)


def test_the_authority_of_the_time_stamps_is_named_with_its_end(tsa, scene, clock, monkeypatch):  # noqa: F811
    assert levels(certificates.stamping) == [Level.OK]  # its root
    scene.vote("a", scene.open().open_poll().id, "agree")
    tsa.work(NOW)
    ends = signing.certificate_facts(tsa.authority.certificate).not_after
    for at, level in ((ends - 40 * DAY, Level.OK), (ends - 10 * DAY, Level.WARNING), (ends + DAY, Level.ERROR)):
        monkeypatch.setattr(certificates, "_now", lambda at=at: at)
        assert level in levels(certificates.stamping)


def test_where_nobody_stamps_there_is_nothing_to_say(app, clock):
    assert levels(certificates.stamping) == []


def test_a_round_that_is_overdue_is_said(app, monkeypatch):
    assert levels(certificates.rounds) == [Level.NOTE]
    db.session.add(Job(body_id=1, name=certificate_rounds.ROUND, payload={"body_id": 1}, dedupe_key="r", created_at=NOW,
                       due_at=NOW, state=JobState.DONE, done_at=NOW))  # fmt: skip
    db.session.commit()
    monkeypatch.setattr(certificates, "_now", lambda: NOW + 2 * DAY)
    assert levels(certificates.rounds) == [Level.OK]
    monkeypatch.setattr(certificates, "_now", lambda: NOW + 4 * DAY)
    assert levels(certificates.rounds) == [Level.WARNING]


def test_signatures_without_word_are_counted(scene, monkeypatch):
    poll = scene.open().open_poll()
    scene.vote("a", poll.id, "agree")
    monkeypatch.setattr(certificates, "_now", lambda: NOW + dt.timedelta(minutes=30))
    assert levels(certificates.unproven) == [Level.OK]
    monkeypatch.setattr(certificates, "_now", lambda: NOW + dt.timedelta(hours=2))
    assert levels(certificates.unproven) == [Level.WARNING]
    monkeypatch.setattr(certificates, "_now", lambda: NOW + 31 * DAY)
    assert levels(certificates.unproven) == [Level.NOTE], "nobody is asked any more, and nothing is proven"


def test_the_own_list_is_asked_for(app, clock):
    assert levels(certificates.published) == [Level.OK]
    signing.publish_by(None)
    assert levels(certificates.published) == [Level.WARNING]


@pytest.fixture
def folder(app, tmp_path, monkeypatch):
    """The folder of authorities outside, in use."""
    monkeypatch.setitem(app.config, "TRUSTED_CAS", str(tmp_path))
    monkeypatch.setitem(app.extensions, "unsound_cas", "")
    yield tmp_path
    signing.trust_also(())
    monkeypatch.setitem(app.config, "TRUSTED_CAS", "")
    _trust_outside(app)


def test_authorities_outside_are_believed_and_counted(app, folder, clock):
    outside = signing.Authority.create(None, NOW)
    (folder / "ngoai.pem").write_bytes(as_pem("x509", *outside.chain()))
    _trust_outside(app)
    assert set(outside.chain()) < set(signing.trusted())
    assert signing.trusted()[0] != outside.chain()[0]  # the own one stays the first
    (finding,) = certificates.outside()
    assert (finding.level, "2" in str(finding.words)) == (Level.OK, True)
    assert len(levels(certificates.authorities)) == 4


def test_a_folder_with_a_fault_is_not_used_and_nothing_serves(app, folder):
    (folder / "ngoai.pem").write_text("không phải chứng thư")
    _trust_outside(app)
    assert levels(certificates.outside) == [Level.ERROR]
    assert len(signing.trusted()) == 2
    with pytest.raises(NotReady, match="ECABINET_TRUSTED_CAS"):
        require_ready(app)


def test_no_folder_is_a_choice(app):
    assert levels(certificates.outside) == [Level.NOTE]
