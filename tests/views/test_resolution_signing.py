"""The signer's desk: what is shown before the PIN, what is refused, and that nothing is ever signed twice."""

import html
import json
import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask_babel import force_locale, gettext

from app.extensions import db
from app.models import (
    CertificateRevocation,
    DocumentSignature,
    PreparedStatement,
    Resolution,
    ResolutionFile,
    ResolutionState,
    SignaturePicture,
    SigningKey,
)
from app.workflows import keys, poll_acts, resolutions
from app.workflows.engine.transaction import own_transaction
from tests.cabinet import PEOPLE, PIN
from tests.conftest import both, nonce_of
from tests.resolving import TEXT, Resolving
from tests.views.browser import Browser

At = Callable[[str], Browser]
JSON = {"Accept": "application/json"}
NONCE = nonce_of("desk")
OTHERWISE = {**TEXT, "articles": [{**TEXT["articles"][0], "intro": "Hỗ trợ hộ kinh doanh."}, TEXT["articles"][1]]}


@pytest.fixture
def presented(app: Flask, clock) -> Resolving:
    scene = Resolving().up_to("presented")
    clock.now = scene.later(20)
    return scene


@pytest.fixture
def changed(app: Flask, clock) -> Resolving:
    """Presented with a text that differs from the voted one, and the reason."""
    scene = Resolving().up_to("drafted")
    clerk = scene.who["clerk"]
    resolutions.edit_resolution(clerk, scene.resolution_id, OTHERWISE, "Theo kết luận phiên họp", scene.later(16))
    scene.presented()
    clock.now = scene.later(20)
    return scene


def desk(scene: Resolving) -> str:
    return f"/resolutions/{scene.resolution_id}/sign"


def words(answer) -> str:
    bare = re.sub(r"<(script|style|dialog).*?</\1>|<[^>]+>", " ", answer.text, flags=re.S)
    return re.sub(r"\s+", " ", html.unescape(bare))


def vi(sentence: str, **values: object) -> str:
    with force_locale("vi"):
        return gettext(sentence, **values)


def file_of(scene: Resolving) -> str:
    return resolutions.presented_file(scene.resolution).sha256


def sign(browser: Browser, scene: Resolving, pin: str = PIN, nonce: str = NONCE, **more: object):
    values = {"file_sha256": file_of(scene), "nonce": nonce, "pin": pin, "changes_seen": False, **more}
    return browser.send(desk(scene), **values)


def signatures() -> int:
    return db.session.query(DocumentSignature).count()


def button(answer) -> str:
    return re.search(r'<button[^>]*id="sign-button"[^>]*>', answer.text)[0]


def returned(browser: Browser, scene: Resolving, reason: str = "Sai tên cơ quan"):
    return browser.client.post(f"/resolutions/{scene.resolution_id}/return", data={"reason": reason}, headers=JSON)


# -- what is shown -----------------------------------------------------------------------------------------------------


def test_every_page_lies_on_the_desk_and_every_condition_is_told(app, at: At, presented):
    page = at("head").get(desk(presented))
    assert page.status_code == 200
    pages = resolutions.presented_file(presented.resolution).pages
    assert len(re.findall(r'<img id="page-\d+" src="/resolutions/\d+/pages/\d+\.png', page.text)) == pages
    said = words(page)
    assert vi("%(agree)s/%(members)s = %(share)s of all members", agree=5, members=5, share="100,0%") in said
    assert vi("The text that was voted on") in said
    assert re.search(vi("Layout: %(passed)s of %(all)s checks passed", passed=r"(\d+)", all=r"\1"), said)
    assert re.search(vi("Content: %(passed)s of %(all)s checks passed", passed=r"(\d+)", all=r"\1"), said)
    for line in ("TM. CHÍNH PHỦ", "THỦ TƯỚNG", "Trần Văn Một"):
        assert line in said
    assert file_of(presented) in page.text
    assert 'data-stopwatch="10.0">00:10<' in page.text
    assert "disabled" not in button(page)


def test_the_text_can_be_read_without_seeing_the_pictures(app, at: At, presented):
    text = at("head").get(desk(presented)).text
    prose = text.split('class="ec-prose" lang="vi"')[1]
    for line in ("Điều 1. Mục tiêu", "1. Bộ Xây dựng chủ trì:", "a) Rà soát thủ tục;"):
        assert line in re.sub(r"<[^>]+>", "", prose)


@pytest.mark.parametrize("name", [name for name in PEOPLE if name != "head"])
def test_nobody_but_the_signer_sits_at_the_desk(app, at: At, presented, name):
    seen = at(name).get(f"/resolutions/{presented.resolution_id}").status_code == 200
    assert at(name).get(desk(presented)).status_code == (403 if seen else 404)
    assert sign(at(name), presented).status_code == (403 if seen else 404)
    assert returned(at(name), presented).status_code == (403 if seen else 404)
    assert (signatures(), presented.resolution.state) == (0, ResolutionState.PRESENTED)


def test_a_deputy_signs_what_is_presented_to_the_deputy_and_the_head_does_not(app, at: At, clock):
    scene = Resolving().equipped().voted()
    scene.drafted(signer_id=scene.who["deputy"].person_id).presented()
    clock.now = scene.later(20)
    assert at("head").get(desk(scene)).status_code == 403
    refused = sign(at("head"), scene)
    assert (refused.status_code, refused.json["code"]) == (403, "not_the_signer")
    assert "KT. THỦ TƯỚNG" in at("deputy").get(desk(scene)).text
    assert sign(at("deputy"), scene).status_code == 200


def test_there_is_no_desk_before_it_is_presented(app, at: At, clock):
    scene = Resolving().up_to("drafted")
    clock.now = scene.later(17)
    assert at("head").get(desk(scene)).status_code == 409


# -- signing -----------------------------------------------------------------------------------------------------------


@both
def test_a_receipt_names_time_certificate_and_file_and_comes_again_for_the_same_nonce(app, at: At, presented, clock):
    receipt = sign(at("head"), presented).json["receipt"]
    assert receipt["at"] == clock.now.isoformat()
    assert receipt["certificate_name"] == "Trần Văn Một"
    assert receipt["file_sha256"] == presented.resolution.files[-1].sha256
    assert receipt["next"]
    assert presented.resolution.state is ResolutionState.SIGNED
    clock.move(minutes=5)
    for pin in (PIN, "000000"):  # the answer was lost; the signature was not
        assert sign(at("head"), presented, pin).json["receipt"]["statement_sha256"] == receipt["statement_sha256"]
    assert signatures() == 1
    assert db.session.query(ResolutionFile).count() == 2


def test_another_request_after_the_signature_is_refused_and_signs_nothing(app, at: At, presented):
    assert sign(at("head"), presented).status_code == 200
    refused = sign(at("head"), presented, nonce=nonce_of("other tablet"))
    assert (refused.status_code, refused.json["code"]) == (409, "wrong_state")
    assert signatures() == 1


def test_after_the_signature_the_desk_shows_the_receipt_and_what_comes_next(app, at: At, presented, clock):
    sign(at("head"), presented)
    page = at("head").get(desk(presented))
    assert "data-signed" in page.text
    assert 'id="sign-button"' not in page.text
    assert vi("Next: the records office allots the number and applies the seal.") in words(page)
    presented.numbered()
    assert "01/NQ-CP" in words(at("head").get(desk(presented)))


def test_nothing_says_signed_before_it_is(app, at: At, presented):
    page = at("head").get(desk(presented))
    assert "data-signed" not in page.text
    assert re.search(r'data-show="receipt" data-region="receipt" hidden', page.text)


# -- what is refused ---------------------------------------------------------------------------------------------------


def test_wrong_pins_are_counted_and_lock_the_key(app, at: At, presented):
    left = [sign(at("head"), presented, "135790").json["details"]["tries_left"] for _ in range(4)]
    assert left == [4, 3, 2, 1]
    for refused in (sign(at("head"), presented, "135790"), sign(at("head"), presented)):
        assert (refused.status_code, refused.json["code"], refused.json["field"]) == (423, "pin_locked", "pin")
    assert "08:15" in words(at("head").get(desk(presented)))
    assert (signatures(), presented.resolution.state) == (0, ResolutionState.PRESENTED)


def test_a_pin_of_another_form_costs_no_try(app, at: At, presented):
    for pin in ("", "12345", "24061９", "240619 ", "1" * 60):
        assert sign(at("head"), presented, pin).status_code == 422
    assert db.session.query(SigningKey).filter(SigningKey.failed_tries > 0).count() == 0


def test_a_certificate_that_ends_between_preview_and_pin_signs_nothing(app, at: At, presented, clock):
    assert "disabled" not in button(at("head").get(desk(presented)))
    key = db.session.query(SigningKey).filter_by(person_id=presented.who["head"].person_id).one()
    with own_transaction() as session:
        session.add(CertificateRevocation(certificate_id=key.certificate_id, at=clock.now, reason="Mất thiết bị"))
    refused = sign(at("head"), presented)
    assert (refused.status_code, refused.json["code"]) == (403, "certificate_refused")
    page = at("head").get(desk(presented))
    assert refused.json["message"] in words(page)
    assert "disabled" in button(page)
    assert signatures() == 0


def test_a_suspended_key_closes_the_desk(app, at: At, presented):
    with own_transaction() as session:
        key = session.query(SigningKey).filter_by(person_id=presented.who["head"].person_id).one()
        keys.LIFECYCLE.moves["suspend"].apply(key)
    assert "disabled" in button(at("head").get(desk(presented)))
    assert sign(at("head"), presented).json["code"] == "key_suspended"
    assert signatures() == 0


def test_a_document_that_was_changed_since_it_was_opened_is_read_again_first(app, at: At, presented, clock):
    old = file_of(presented)
    resolutions.return_resolution(presented.who["head"], presented.resolution_id, "Sửa căn cứ", presented.later(21))
    text = {**TEXT, "bases": [*TEXT["bases"], "Căn cứ Nghị định số 30/2020/NĐ-CP"]}
    resolutions.edit_resolution(presented.who["clerk"], presented.resolution_id, text, "", presented.later(22))
    resolutions.present_resolution(presented.who["clerk"], presented.resolution_id, presented.later(23))
    refused = sign(at("head"), presented, file_sha256=old)
    assert (refused.status_code, refused.json["code"]) == (409, "file_changed")
    assert sign(at("head"), presented, nonce=nonce_of("again")).status_code == 200


def test_what_was_returned_meanwhile_is_not_signed(app, at: At, presented):
    sha256 = file_of(presented)
    resolutions.return_resolution(presented.who["head"], presented.resolution_id, "Sửa", presented.later(21))
    refused = sign(at("head"), presented, file_sha256=sha256)
    assert (refused.status_code, refused.json["code"]) == (409, "wrong_state")
    assert signatures() == 0


def test_an_annulled_vote_closes_the_desk(app, at: At, presented):
    head, nonce = presented.who["head"], nonce_of("annul")
    poll_acts.prepare_annulment(head, presented.poll_id, "Nhầm văn bản", nonce, presented.later(21))
    poll_acts.sign_act(head, presented.poll_id, nonce, PIN, presented.later(22))
    page = at("head").get(desk(presented))
    assert "disabled" in button(page)
    assert vi("The result of the vote is not published, or the vote was annulled.") in words(page)
    refused = sign(at("head"), presented)
    assert (refused.status_code, refused.json["code"]) == (409, "not_published")
    assert signatures() == 0


def test_a_text_that_differs_is_signed_only_after_the_comparison_was_seen(app, at: At, changed):
    page = at("head").get(desk(changed))
    assert re.search(r"<ins>.*?hộ", page.text)
    assert "Theo kết luận phiên họp" in words(page)
    assert "data-changes-seen" in page.text
    refused = sign(at("head"), changed)
    assert (refused.status_code, refused.json["code"], refused.json["field"]) == (409, "changes_unseen", "changes")
    assert signatures() == 0
    assert sign(at("head"), changed, changes_seen=True).status_code == 200


def test_an_unchanged_text_asks_for_no_tick(app, at: At, presented):
    assert "data-changes-seen" not in at("head").get(desk(presented)).text


def test_without_a_specimen_signature_nothing_is_signed(app, at: At, clock):
    scene = Resolving().drafted().presented()
    clock.now = scene.later(20)
    assert db.session.query(SignaturePicture).count() == 0
    page = at("head").get(desk(scene))
    assert "disabled" in button(page)
    refused = sign(at("head"), scene)
    assert refused.json["code"] == "no_picture"
    assert refused.json["message"] in words(page)


SHA = "0" * 64


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "malformed"),
        (b"[]", 400, "malformed"),
        (b"\xff\xfe{}", 400, "malformed"),
        (b"[" * 30_000, 400, "malformed"),
        (b'{"pin": "1", "pin": "2"}', 400, "malformed"),
        (b'{"pin": "' + b"1" * 70_000 + b'"}', 413, "too_large"),
        (b'{"nonce": "%s", "pin": "240619"}' % NONCE.encode(), 422, "bad_field"),
        (b'{"file_sha256": "abc", "nonce": "%s", "pin": "240619"}' % NONCE.encode(), 422, "bad_field"),
        (b'{"file_sha256": "%s", "nonce": "%s", "pin": "240619"}' % (b"A" * 64, NONCE.encode()), 422, "bad_field"),
        (b'{"file_sha256": "%s", "nonce": "short", "pin": "240619"}' % SHA.encode(), 422, "bad_nonce"),
        (b'{"file_sha256": "%s", "nonce": "%s", "pin": 240619}' % (SHA.encode(), NONCE.encode()), 422, "bad_field"),
        (b'{"file_sha256": "%s", "nonce": "%s", "pin": "240619", "changes_seen": 1}' % (SHA.encode(), NONCE.encode()),
         422, "bad_field"),
        (b'{"file_sha256": "%s", "nonce": "%s", "pin": "240619", "signer": 2}' % (SHA.encode(), NONCE.encode()),
         422, "bad_field"),
        (b'{"file_sha256": "%s", "nonce": "%s", "pin": "240619"}' % (SHA.encode(), NONCE.encode()),
         409, "file_changed"),
    ],
)  # fmt: skip
def test_an_odd_request_is_refused_in_one_sentence_and_signs_nothing(app, at: At, presented, body, status, code):
    refused = at("head").raw(desk(presented), body)
    assert (refused.status_code, refused.json["code"]) == (status, code)
    assert refused.json["message"].strip()
    assert (signatures(), presented.resolution.state) == (0, ResolutionState.PRESENTED)
    assert db.session.query(SigningKey).filter(SigningKey.failed_tries > 0).count() == 0


def test_the_pin_is_in_no_log_and_no_table(app, at: At, presented, caplog):
    sign(at("head"), presented, "864209")
    sign(at("head"), presented)
    kept = json.dumps([str(vars(row)) for row in db.session.query(Resolution)] + [caplog.text])
    assert "864209" not in kept
    assert db.session.query(PreparedStatement).filter(PreparedStatement.statement.contains(b"864209")).count() == 0


# -- sending it back ---------------------------------------------------------------------------------------------------


def test_the_signer_returns_it_with_a_reason_that_the_makers_read(app, at: At, presented):
    for reason in ("", " \n"):
        refused = returned(at("head"), presented, reason)
        assert (refused.status_code, refused.json["code"], refused.json["field"]) == (422, "no_reason", "reason")
    answer = returned(at("head"), presented, "Sai <tên> cơ quan")
    assert answer.json == {
        "id": presented.resolution_id, "state": "drafting", "url": f"/resolutions/{presented.resolution_id}",
        "said": answer.json["said"],
    }  # fmt: skip
    page = at("clerk").get(f"/resolutions/{presented.resolution_id}")
    assert "Sai &lt;tên&gt; cơ quan" in page.text
    again = returned(at("head"), presented)
    assert (again.status_code, again.json["code"]) == (409, "wrong_state")


def test_a_plain_form_leads_back_to_the_record(app, at: At, presented):
    answer = at("head").post(f"/resolutions/{presented.resolution_id}/return", reason="Sửa")
    assert (answer.status_code, answer.location) == (303, f"/resolutions/{presented.resolution_id}")
