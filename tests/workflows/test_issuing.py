"""Number and seal: one series without gaps, a seal that can fail without losing the number, and a stop."""

import datetime as dt
from dataclasses import replace

import pytest

from app.extensions import db
from app.gateways import pades, signing, storage
from app.gateways.signing.errors import KeyUnavailable
from app.models import IssuedNumber, NumberSeries, ResolutionState, SealKey
from app.workflows import issuing, keys, seals
from app.workflows.engine.errors import NotAllowed, NotFound, WrongState
from app.workflows.rules.calendar import HANOI
from tests.cabinet import PIN
from tests.conftest import both, nonce_of
from tests.resolving import Resolving


def next_one(scene: Resolving | None = None, **form) -> Resolving:
    """Another Resolution of another meeting, signed."""
    scene = Resolving().voted().drafted(**form).presented()
    return scene.signed(nonce=f"sign-{scene.resolution_id}")


@both
def test_numbers_follow_each_other_and_begin_with_a_zero(app):
    scene = Resolving().up_to("numbered")
    assert scene.resolution.number.text == "01/NQ-CP"
    assert next_one().numbered().resolution.number.text == "02/NQ-CP"


def test_asked_again_the_number_stands(app):
    scene = Resolving().up_to("numbered").numbered()
    assert db.session.query(IssuedNumber).count() == 1
    assert scene.resolution.number.number == 1


def test_normative_resolutions_have_a_series_of_their_own_with_the_year(app):
    scene = Resolving().up_to("numbered", normative=True)
    assert scene.resolution.number.text == "01/2026/NQ-CP"
    assert next_one().numbered().resolution.number.text == "01/NQ-CP"


def test_the_first_of_january_in_hanoi_begins_again_with_one(app):
    Resolving().up_to("numbered")
    scene = next_one()
    scene.now = dt.datetime(2026, 12, 31, 23, 59, tzinfo=HANOI)
    assert scene.numbered().resolution.number.text == "02/NQ-CP"
    scene = next_one()
    scene.now = dt.datetime(2027, 1, 1, 0, 0, tzinfo=HANOI)
    number = scene.numbered().resolution.number
    assert (number.text, number.series.year, number.issued_on) == ("01/NQ-CP", 2027, dt.date(2027, 1, 1))


def test_a_number_of_four_digits_has_room_in_what_is_signed(app):
    Resolving().up_to("numbered")
    with db.engine.begin() as connection:
        connection.execute(db.text("DROP TRIGGER number_series_sealed_UPDATE"))
        connection.execute(db.text("UPDATE number_series SET last_number = 999"))
    scene = next_one().numbered().sealed(nonce="wide")
    assert scene.resolution.number.text == "1000/NQ-CP"


def test_a_clock_that_fell_behind_gives_no_number(app):
    Resolving().up_to("numbered")
    scene = next_one()
    scene.now -= dt.timedelta(days=2)
    with pytest.raises(issuing.ClockBehind):
        scene.numbered()
    assert db.session.query(NumberSeries).one().last_number == 1


@pytest.mark.parametrize("who", ["head", "clerk", "auditor"])
def test_only_the_records_office_gives_numbers(app, who):
    scene = Resolving().up_to("signed")
    with pytest.raises(NotAllowed):
        issuing.allot_number(scene.who[who], scene.resolution_id, scene.later(35))


def test_an_administrator_does_not_even_see_it(app):
    scene = Resolving().up_to("signed")
    with pytest.raises(NotFound):
        issuing.allot_number(scene.who["admin"], scene.resolution_id, scene.later(35))


def test_nothing_unsigned_gets_a_number_and_nothing_unnumbered_a_seal(app):
    scene = Resolving().up_to("presented")
    with pytest.raises(WrongState):
        scene.numbered()
    scene.signed()
    with pytest.raises(WrongState):
        scene.sealed()


@both
def test_the_sealed_document_is_valid_with_both_signatures_in_order(app):
    scene = Resolving().up_to("sealed")
    with storage.store().open(scene.resolution.files[-1].sha256) as file:
        content = file.read()
    pinned = [
        pades.Expected(each.role.value, each.statement.certificate.der, each.statement.signed_at)
        for each in scene.resolution.signatures
    ]
    judged = pades.verdict(content, pinned, signing.trusted(), scene.later(60))
    assert (judged.state, [signer.role for signer in judged.signers]) == ("valid", ["signature", "seal"])
    assert judged.signers[1].name == "Chính phủ"


@both
def test_a_failed_seal_keeps_the_number_and_waits(app):
    scene = Resolving().up_to("numbered")
    with pytest.raises(keys.PinWrong):
        scene.sealed(pin="111222")
    assert scene.resolution.state is ResolutionState.NUMBERED
    assert scene.sealed().resolution.number.text == "01/NQ-CP"
    assert scene.resolution.state is ResolutionState.SEALED


def test_the_seal_is_locked_after_five_wrong_pins(app):
    scene = Resolving().up_to("numbered")
    for _ in range(4):
        with pytest.raises(keys.PinWrong):
            scene.sealed(pin="111222")
    for pin in ("111222", PIN):
        with pytest.raises(keys.PinLocked):
            scene.sealed(pin=pin)


def test_without_a_registered_seal_the_number_waits(app):
    scene = Resolving().up_to("signed")
    seals.suspend_seal(scene.who["records"], db.session.query(SealKey).one().id, scene.now)
    scene.numbered()
    with pytest.raises(seals.NoSeal):
        scene.sealed()
    seals.enrol_seal(scene.who["records"], 1, PIN, pades.seal_picture("Chính phủ"), scene.later(38))
    assert scene.sealed().resolution.state is ResolutionState.SEALED


def test_a_seal_key_that_is_gone_leaves_the_number_waiting(app, monkeypatch):
    scene = Resolving().up_to("numbered")

    def gone(*_args: object) -> bytes:
        raise KeyUnavailable

    with monkeypatch.context() as broken:
        broken.setattr(signing.signer(), "sign_document", gone)
        with pytest.raises(keys.SigningUnavailable):
            scene.sealed()
    assert db.session.query(SealKey).one().failed_tries == 0
    assert scene.sealed().resolution.state is ResolutionState.SEALED


def test_what_our_own_verdict_does_not_call_valid_is_not_kept(app, monkeypatch):
    scene = Resolving().up_to("numbered")
    real = pades.complete
    monkeypatch.setattr(pades, "complete", lambda reserved, cms: real(reserved, cms) + b"\n%%EOF\n")
    with pytest.raises(issuing.SealUnproven):
        scene.sealed()
    monkeypatch.undo()
    assert scene.resolution.state is ResolutionState.NUMBERED
    assert len(scene.resolution.files) == 2


@both
def test_the_same_nonce_seals_once(app):
    scene = Resolving().up_to("sealed").sealed()
    assert len(scene.resolution.signatures) == 2
    with pytest.raises(WrongState):
        scene.sealed(nonce="again")


def test_a_seal_replaced_between_signing_and_writing_is_noticed(app, monkeypatch):
    from app.workflows import document_signing

    scene = Resolving().up_to("numbered")
    real = document_signing.make
    monkeypatch.setattr(issuing, "_prove", lambda *_args: None)
    monkeypatch.setattr(document_signing, "make", lambda *args: replace(real(*args), certificate_id=1))
    with pytest.raises(seals.NoSeal):
        scene.sealed()


@both
def test_a_stopped_resolution_leaves_its_number_cancelled_in_the_register(app):
    scene = Resolving().up_to("numbered")
    issuing.stop_resolution(scene.who["head"], scene.resolution_id, "Cần xem xét lại Điều 2", scene.later(45))
    number = scene.resolution.number
    assert scene.resolution.state is ResolutionState.ABANDONED
    assert number.cancellation.reason == "Cần xem xét lại Điều 2"
    scene.drafted().presented().signed(nonce="again").numbered()
    assert scene.resolution.number.text == "02/NQ-CP"


def test_only_the_head_stops_what_is_signed_and_says_why(app):
    scene = Resolving().up_to("signed")
    with pytest.raises(NotAllowed):
        issuing.stop_resolution(scene.who["records"], scene.resolution_id, "Sai", scene.later(45))
    with pytest.raises(issuing.resolutions.ReasonMissing):
        issuing.stop_resolution(scene.who["head"], scene.resolution_id, "", scene.later(45))


@pytest.mark.parametrize("picture", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n" + b"0" * 100, b"0" * 3_000_000])
def test_a_picture_that_is_none_is_refused(app, picture):
    scene = Resolving()
    with pytest.raises(seals.PictureRefused):
        seals.enrol_seal(scene.who["records"], 1, PIN, picture, scene.now)
    with pytest.raises(seals.PictureRefused):
        seals.set_picture(scene.who["records"], scene.who["head"].person_id, picture, scene.now)


def test_a_pin_too_easy_to_guess_guards_no_seal(app):
    scene = Resolving()
    with pytest.raises(keys.PinUnacceptable):
        seals.enrol_seal(scene.who["records"], 1, "111111", pades.seal_picture("Chính phủ"), scene.now)
    assert nonce_of("x")
