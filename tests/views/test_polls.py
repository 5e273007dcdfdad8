"""The vote card in every state, and the three requests of a ballot with everything that can be wrong about them."""

import base64
import datetime as dt
import json
import unicodedata

import pytest

from app.extensions import db
from app.gateways import signing, timestamp
from app.gateways.timestamp import StampFault
from app.models import Absence, Ballot, CertificateRevocation, PreparedStatement, Refusal, SeatRole, SigningKey
from app.workflows import agenda, attendance, keys, meetings, poll_acts, polls
from app.workflows.engine.transaction import own_transaction
from tests.cabinet import NOW, PIN
from tests.conftest import Scene, both, nonce_of
from tests.stamping import tsa  # noqa: F401 - a fixture
from tests.views.browser import Browser

NONCE = nonce_of("card")


def prepared(browser, poll, choice="agree", nonce=NONCE, **more):
    return browser.send(f"/polls/{poll.id}/prepare", choice=choice, nonce=nonce, **more)


def signed(browser, poll, nonce=NONCE, pin=PIN):
    return browser.send(f"/polls/{poll.id}/sign", nonce=nonce, pin=pin)


def voted(browser, poll, choice="agree", nonce=NONCE, **more):
    assert prepared(browser, poll, choice, nonce, **more).status_code == 200
    answer = signed(browser, poll, nonce)
    assert answer.status_code == 200, answer.text
    return answer.json["receipt"]


def ballots_of(poll):
    return db.session.query(Ballot).filter_by(poll_id=poll.id).count()


def codes():
    return [row.code for row in db.session.query(Refusal).order_by(Refusal.id)]


# -- casting ----------------------------------------------------------------------------------------------------------


@both
def test_what_is_shown_is_read_back_from_the_bytes_that_are_signed(at, poll):
    answer = prepared(at("a"), poll, "disagree", remark="Cần thêm số liệu", reservation=True).json
    statement, shown = json.loads(answer["statement"]), answer["shown"]
    assert {name: shown[name] for name in ("choice", "remark", "reservation", "place", "supersedes")} == {
        name: statement[name] for name in ("choice", "remark", "reservation", "place", "supersedes")
    }
    assert shown["question"] == "Thông qua dự thảo Nghị quyết?"
    assert shown["member"] == "Phạm Văn Ba, Bộ trưởng Bộ Xây dựng"
    assert (shown["certificate_name"], shown["document"]) == ("Phạm Văn Ba", None)
    server_time = dt.datetime.fromisoformat(statement["server_time"])
    assert answer["expires_at"] == (server_time + dt.timedelta(minutes=2)).isoformat()
    assert ballots_of(poll) == 0


@both
def test_a_receipt_names_certificate_time_and_log_entry_and_comes_again_for_the_same_nonce(at, poll, clock):
    receipt = voted(at("a"), poll, remark="Nhất trí")
    assert (receipt["certificate_name"], receipt["choice"], receipt["remark"]) == ("Phạm Văn Ba", "agree", "Nhất trí")
    assert (receipt["leaf_seq"], receipt["at"], receipt["place"]) == (1, clock.now.isoformat(), "in_room")
    assert len(receipt["leaf_hash"]) == 64
    assert receipt["key_label"]
    clock.move(minutes=10)  # long after the prepared text has expired
    assert signed(at("a"), poll, pin="000000").json["receipt"] == receipt
    assert ballots_of(poll) == 1


def test_a_signature_made_elsewhere_is_cast_and_counts_once(at, poll, clock):
    statement = prepared(at("a"), poll).json["statement"]
    key = db.session.query(SigningKey).join(SigningKey.person).filter_by(full_name="Phạm Văn Ba").one()
    cms = signing.signer().sign(key.key_ref, PIN, statement.encode(), clock.now)
    sent = {"statement": statement, "signature": base64.b64encode(cms).decode()}
    first, again = (at("a").send(f"/polls/{poll.id}/cast", **sent) for _ in range(2))
    assert first.status_code == 200
    assert again.json == first.json
    assert ballots_of(poll) == 1


def test_a_vote_is_changed_until_the_close_and_the_sheet_names_what_it_supersedes(at, poll):
    first = voted(at("a"), poll)
    answer = prepared(at("a"), poll, "other", nonce_of("second")).json
    assert answer["shown"]["supersedes"] == f"sha256:{first['statement_sha256']}"
    assert signed(at("a"), poll, nonce_of("second")).json["receipt"]["choice"] == "other"


def test_of_two_devices_the_slower_one_gets_the_standing_receipt(at, poll):
    for nonce in (nonce_of("ipad"), nonce_of("phone")):
        assert prepared(at("a"), poll, nonce=nonce).status_code == 200
    receipt = signed(at("a"), poll, nonce_of("ipad")).json["receipt"]
    refused = signed(at("a"), poll, nonce_of("phone"))
    assert (refused.status_code, refused.json["code"]) == (409, "another_ballot_stands")
    standing = refused.json["details"]["receipt"]
    assert {name: standing[name] for name in ("ballot_id", "leaf_hash", "at", "choice")} == {
        name: receipt[name] for name in ("ballot_id", "leaf_hash", "at", "choice")
    }
    assert ballots_of(poll) == 1


def test_a_remark_in_another_unicode_form_is_shown_and_signed_composed(at, poll):
    remark = "Đồng ý, đề nghị rà soát kỹ thuật văn bản"
    answer = prepared(at("a"), poll, remark=unicodedata.normalize("NFD", remark)).json
    assert answer["shown"]["remark"] == remark
    assert json.loads(answer["statement"])["remark"] == remark


# -- what is refused --------------------------------------------------------------------------------------------------


def test_a_remark_that_turns_the_reading_direction_is_refused_and_nothing_is_kept(at, poll):
    refused = prepared(at("a"), poll, remark="Đồng ý \u202e!gnôhK")
    assert (refused.status_code, refused.json["code"], refused.json["field"]) == (422, "remark_unclean", "remark")
    assert db.session.query(PreparedStatement).count() == 0
    assert codes() == ["remark_unclean"]


@both
@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "malformed"),
        (b"[]", 400, "malformed"),
        (b'"agree"', 400, "malformed"),
        (b'{"choice": "agree", "choice": "other", "nonce": "x"}', 400, "malformed"),
        (b'{"choice": NaN}', 400, "malformed"),
        (b"\xff\xfe{}", 400, "malformed"),
        (b"[" * 30_000, 400, "malformed"),
        (b'{"choice": "' + b"a" * 70_000 + b'"}', 413, "too_large"),
        (b'{"choice": "yes", "nonce": "%s"}' % NONCE.encode(), 422, "bad_field"),
        (b'{"choice": ["agree"], "nonce": "%s"}' % NONCE.encode(), 422, "bad_field"),
        (b'{"choice": "agree"}', 422, "bad_field"),
        (b'{"choice": "agree", "nonce": 12}', 422, "bad_field"),
        (b'{"choice": "agree", "nonce": "\\u0000aaaaaaaaaaaaaaaa"}', 422, "bad_field"),
        (b'{"choice": "agree", "nonce": "\\ud800aaaaaaaaaaaaaaaa"}', 422, "bad_field"),
        (b'{"choice": "agree", "nonce": "%s", "member": "M01"}' % NONCE.encode(), 422, "bad_field"),
        (b'{"choice": "agree", "nonce": "%s", "remark": 7}' % NONCE.encode(), 422, "bad_field"),
        (b'{"choice": "agree", "nonce": "%s", "reservation": "yes"}' % NONCE.encode(), 422, "bad_field"),
        (b'{"choice": "agree", "nonce": "short"}', 422, "bad_nonce"),
        (b'{"choice": "agree", "nonce": "!!!!!!!!!!!!!!!!!!!!!!"}', 422, "bad_nonce"),
        (b'{"choice": "agree", "nonce": "%s", "reservation": true}' % NONCE.encode(), 422, "nothing_to_reserve"),
        (b'{"choice": "other", "nonce": "%s", "remark": "%s"}' % (NONCE.encode(), b"a" * 2001), 422, "remark_unclean"),
    ],
)  # fmt: skip
def test_an_odd_request_is_refused_in_one_sentence_and_changes_nothing(at, poll, body, status, code):
    refused = at("a").raw(f"/polls/{poll.id}/prepare", body)
    assert (refused.status_code, refused.json["code"]) == (status, code)
    assert refused.json["message"].strip()
    assert db.session.query(PreparedStatement).count() == 0


def test_a_form_instead_of_json_is_refused(at, poll):
    refused = at("a").raw(f"/polls/{poll.id}/sign", "nonce=x&pin=1", "application/x-www-form-urlencoded")
    assert (refused.status_code, refused.json["code"]) == (400, "malformed")


def test_nobody_votes_before_the_opening_or_after_the_close(at, scene, poll):
    other = polls.draft_poll(scene.who["clerk"], scene.item_id, "Câu hỏi khác?", now=scene.now)
    refused = prepared(at("head"), other)
    assert (refused.status_code, refused.json["code"]) == (409, "poll_not_open")
    assert prepared(at("a"), other).status_code == 404
    assert prepared(at("a"), poll).status_code == 200
    polls.close_poll(scene.who["secretary"], poll.id, now=scene.now)
    for refused in (signed(at("a"), poll), prepared(at("a"), poll, nonce=nonce_of("later"))):
        assert (refused.status_code, refused.json["code"]) == (410, "poll_closed")
    assert ballots_of(poll) == 0


@both
@pytest.mark.parametrize("name", ["clerk", "secretary", "auditor"])
def test_whoever_is_no_member_has_no_ballot(at, poll, name):
    refused = prepared(at(name), poll)
    assert (refused.status_code, refused.json["code"]) == (403, "not_allowed")
    assert codes() == ["not_allowed"]


@pytest.mark.parametrize("name", ["admin", "guest", "under_a"])
def test_to_whom_the_meeting_is_closed_the_vote_does_not_exist(at, poll, name):
    for answer in (prepared(at(name), poll), at(name).get(f"/polls/{poll.id}")):
        assert answer.status_code == 404


def test_altered_expired_and_foreign_bytes_are_refused(at, scene, poll, clock):
    key = db.session.query(SigningKey).join(SigningKey.person).filter_by(full_name="Phạm Văn Ba").one()
    theirs = prepared(at("b"), poll, nonce=nonce_of("b")).json["statement"]
    own = prepared(at("a"), poll).json["statement"]

    def cast(statement, key_ref=key.key_ref):
        cms = signing.signer().sign(key_ref, PIN, statement.encode(), clock.now)
        signature = base64.b64encode(cms).decode()
        return at("a").send(f"/polls/{poll.id}/cast", statement=statement, signature=signature)

    for statement in (own.replace('"agree"', '"disagree"'), own.replace(":", ": ", 1), theirs):
        assert cast(statement).status_code in (409, 422), statement
    stranger = db.session.query(SigningKey).join(SigningKey.person).filter_by(full_name="Đỗ Thị Bốn").one()
    refused = cast(own, stranger.key_ref)
    assert (refused.status_code, refused.json["code"]) == (422, "bad_signature")
    clock.move(seconds=121)
    for refused in (cast(own), signed(at("a"), poll)):
        assert (refused.status_code, refused.json["code"]) == (409, "not_prepared")
    assert ballots_of(poll) == 0


def test_bytes_prepared_for_another_poll_are_refused(at, scene, poll):
    prepared(at("a"), poll)
    polls.close_poll(scene.who["secretary"], poll.id, now=scene.now)
    polls.publish_poll(scene.who["secretary"], poll.id, now=scene.now)
    elsewhere = Scene().open().open_poll()
    refused = signed(at("a"), elsewhere)
    assert (refused.status_code, refused.json["code"]) == (409, "not_prepared")
    assert ballots_of(elsewhere) == 0


def test_a_signature_that_is_no_base64_or_no_signature_is_refused(at, poll):
    statement = prepared(at("a"), poll).json["statement"]
    for signature, status in (("%%%", 422), ("AAAA", 422), ("", 422), ("A" * 30_000, 422)):
        refused = at("a").send(f"/polls/{poll.id}/cast", statement=statement, signature=signature)
        assert refused.status_code == status
    assert ballots_of(poll) == 0


def test_five_wrong_pins_lock_the_key_for_fifteen_minutes_and_the_pin_is_never_logged(at, poll, clock, caplog):
    prepared(at("a"), poll)
    left = [signed(at("a"), poll, pin="135790").json["details"]["tries_left"] for _ in range(4)]
    assert left == [4, 3, 2, 1]
    for refused in (signed(at("a"), poll, pin="135790"), signed(at("a"), poll)):
        assert (refused.status_code, refused.json["code"], refused.json["field"]) == (423, "pin_locked", "pin")
        assert refused.json["details"]["until"] == "08:15"
        assert "08:15" in refused.json["message"]
    assert "135790" not in caplog.text + str([vars(row) for row in db.session.query(Refusal)])
    for _ in range(2):
        clock.move(minutes=7, seconds=31)
        card(at("a"), poll)  # somebody is there: the screen does not lock meanwhile
    assert voted(at("a"), poll, nonce=nonce_of("after the lock"))["choice"] == "agree"


def test_a_pin_of_another_form_costs_no_try(at, poll):
    prepared(at("a"), poll)
    for pin in ("", "12345", "24061９", "240619 ", "1" * 60):
        assert signed(at("a"), poll, pin=pin).status_code == 422
    assert db.session.query(SigningKey).filter(SigningKey.failed_tries > 0).count() == 0


def test_two_people_unlock_a_key_while_the_vote_is_open(at, scene, poll):
    prepared(at("a"), poll)
    for _ in range(5):
        signed(at("a"), poll, pin="135790")
    who = scene.who
    asked = keys.request_recovery(who["clerk"], who["a"].person_id, keys.RecoveryKind.UNLOCK, "Quên mã", scene.now)
    with pytest.raises(keys.SamePerson):
        keys.approve_recovery(who["clerk"], asked.id, scene.now)
    keys.approve_recovery(who["records"], asked.id, scene.now)
    assert signed(at("a"), poll).json["receipt"]["choice"] == "agree"


# -- the card ---------------------------------------------------------------------------------------------------------


def card(browser, poll):
    answer = browser.get(f"/polls/{poll.id}")
    assert answer.status_code == 200
    return answer.text


def test_an_open_vote_offers_three_answers_and_shows_progress_without_a_split(at, poll):
    voted(at("b"), poll, "disagree", nonce_of("b"))
    page = card(at("a"), poll)
    assert page.count('name="choice"') == 3
    assert "1/5" in page
    assert 'data-state="open"' in page
    assert "data-vote-next" in page


def test_whoever_has_voted_sees_the_receipt_and_may_change_until_the_close(at, poll):
    receipt = voted(at("a"), poll)
    page = card(at("a"), poll)
    assert receipt["leaf_hash"] in page
    assert "data-change" in page


def test_a_closed_vote_shows_no_split_before_it_is_published(at, scene, poll):
    voted(at("a"), poll)
    polls.close_poll(scene.who["secretary"], poll.id, now=scene.now)
    member, chair = card(at("b"), poll), card(at("head"), poll)
    assert 'data-state="closed"' in member
    assert "data-outcome" not in member
    assert 'data-outcome="not_adopted"' in chair
    polls.publish_poll(scene.who["secretary"], poll.id, now=scene.now)
    assert 'data-outcome="not_adopted"' in card(at("b"), poll)


def test_after_its_closing_time_a_vote_offers_no_answer_although_nobody_has_closed_it(at, scene, clock):
    draft = scene.open().draft()
    polls.open_poll(scene.who["secretary"], draft.id, scene.now, closes_at=clock.now + dt.timedelta(minutes=5))
    page = at("a").get(f"/polls/{draft.id}").text
    assert (page.count('name="choice"'), "Đóng lúc" in page) == (3, True)
    voted(at("b"), draft)
    clock.move(minutes=5)
    page, receipt = (at(name).get(f"/polls/{draft.id}").text for name in ("a", "b"))
    meeting = at("a").get(f"/meetings/{scene.meeting_id}").text
    for text in (page, receipt, meeting):
        assert "Đã hết giờ biểu quyết, chờ tổng hợp" in text
        assert 'name="choice"' not in text
        assert "Đang mở biểu quyết" not in text
    assert 'data-state="over"' in page
    assert "data-change" not in receipt
    assert "Phiếu của tôi" in receipt
    assert 'class="ec-live"' not in meeting


def test_an_annulled_vote_says_why(at, scene, poll):
    poll_acts.prepare_annulment(scene.who["head"], poll.id, "Sai câu hỏi", NONCE, scene.now)
    poll_acts.sign_act(scene.who["head"], poll.id, NONCE, PIN, scene.now)
    page = card(at("a"), poll)
    assert 'data-state="annulled"' in page
    assert "Sai câu hỏi" in page
    refused = prepared(at("a"), poll)
    assert (refused.status_code, refused.json["code"]) == (409, "poll_not_open")


def test_a_tie_is_confirmed_on_the_card_of_the_head_alone(at, scene, poll):
    for name, choice in {"head": "disagree", "a": "agree"}.items():
        scene.vote(name, poll.id, choice)
    polls.close_poll(scene.who["secretary"], poll.id, now=scene.now)
    address = f'data-sign-act="/polls/{poll.id}/tie"'
    assert address in card(at("head"), poll)
    assert address not in card(at("a"), poll) + card(at("secretary"), poll)
    at("head").send(f"/polls/{poll.id}/tie/prepare", nonce=NONCE)
    assert at("head").send(f"/polls/{poll.id}/tie/sign", nonce=NONCE, pin=PIN).status_code == 200
    assert address not in card(at("head"), poll)


def test_substitutes_guests_and_staff_see_the_vote_with_the_rule_and_without_a_form(at, scene):
    scene.invite()
    attendance.ask_absence(
        scene.who["a"], scene.meeting_id, "Đi công tác", scene.now, substitute_id=scene.who["under_a"].person_id
    )
    absence = db.session.query(Absence).one()
    attendance.decide_absence(scene.who["head"], absence.id, True, scene.now)
    guest = scene.who["guest"].person_id
    meetings.add_seat(
        scene.who["clerk"], scene.meeting_id, guest, SeatRole.GUEST, now=scene.now, item_ids=(scene.item_id,)
    )
    scene.check_in("head", "deputy", "b", "chairman")
    meetings.open_meeting(scene.who["secretary"], scene.meeting_id, now=scene.now)
    agenda.open_item(scene.who["secretary"], scene.item_id, now=scene.now)
    poll = scene.open_poll()
    for name, words in {"under_a": "Phạm Văn Ba", "guest": "", "clerk": "", "auditor": ""}.items():
        page = card(at(name), poll)
        assert "191/2026/NĐ-CP" in page, name
        assert words in page
        assert "data-vote-next" not in page
        refused = prepared(at(name), poll, nonce=nonce_of(name))
        assert (refused.status_code, refused.json["code"]) == (403, "not_allowed")
    assert prepared(at("a"), poll).json["shown"]["place"] == "remote"


def test_a_member_whose_certificate_was_revoked_or_was_missing_is_told_and_refused(at, scene, poll):
    key = db.session.query(SigningKey).join(SigningKey.person).filter_by(full_name="Phạm Văn Ba").one()
    with own_transaction() as session:
        session.add(CertificateRevocation(certificate_id=key.certificate_id, at=scene.now, reason="Mất thiết bị"))
    page, refused = card(at("a"), poll), prepared(at("a"), poll)
    assert "data-vote-next" not in page
    assert (refused.status_code, refused.json["code"]) == (403, "certificate_refused")
    assert refused.json["message"] in page


def test_a_member_without_a_certificate_is_told_and_refused(at, scene, clock):
    with own_transaction() as session:
        key = session.query(SigningKey).join(SigningKey.person).filter_by(full_name="Phạm Văn Ba").one()
        keys.LIFECYCLE.moves["suspend"].apply(key)
    poll = scene.open().open_poll()
    page, refused = card(at("a"), poll), prepared(at("a"), poll)
    assert "data-vote-next" not in page
    assert (refused.status_code, refused.json["code"]) == (403, "no_certificate")


def test_a_locked_key_is_announced_with_its_time_and_the_card_stays_usable(at, poll):
    prepared(at("a"), poll)
    for _ in range(5):
        signed(at("a"), poll, pin="135790")
    page = card(at("a"), poll)
    assert "08:15" in page
    assert "data-vote-next" in page


# -- afterwards -------------------------------------------------------------------------------------------------------


def test_the_signature_of_the_own_ballot_is_checked_again(at, poll):
    voted(at("a"), poll)
    answer = at("a").get(f"/polls/{poll.id}/verify", headers={"Accept": "application/json"})
    assert answer.json["valid"] is True
    assert at("a").get(f"/polls/{poll.id}/verify").status_code == 200


def test_a_receipt_is_taken_away_with_everything_needed_to_check_it(at, poll):
    receipt = voted(at("a"), poll)
    answer = at("a").get(f"/polls/{poll.id}/receipt")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.json["receipt"] == receipt
    cms, certificate = (base64.b64decode(answer.json[name]) for name in ("signature", "certificate"))
    signing.check_detached(cms, answer.json["statement"].encode(), certificate)


def test_whoever_has_not_voted_has_no_receipt(at, poll):
    for path in ("receipt", "verify"):
        answer = at("b").get(f"/polls/{poll.id}/{path}", headers={"Accept": "application/json"})
        assert (answer.status_code, answer.json["code"]) == (404, "no_ballot")


def test_a_visitor_is_sent_to_sign_in(app, scene, clock, poll):
    visitor = Browser(app)
    assert visitor.get(f"/polls/{poll.id}").status_code == 302
    assert prepared(visitor, poll).status_code == 401


# -- the time stamp ---------------------------------------------------------------------------------------------------


def test_the_receipt_waits_for_its_stamp_and_says_so_until_it_is_there(at, poll, tsa):  # noqa: F811
    receipt = voted(at("a"), poll)
    assert receipt["stamp_state"] == "awaited"
    card = f"/polls/{poll.id}"
    page = f"{card}/verify"
    assert at("a").get(page, headers={"Accept": "application/json"}).json["time_stamp"] == "awaited"
    assert "Chờ dấu thời gian" in at("a").get(page).text
    assert at("a").get(f"{card}/receipt").json["time_stamp"] is None
    tsa.fault = StampFault.DOWN
    tsa.work(NOW)
    assert "Chờ dấu thời gian" in at("a").get(page).text
    tsa.fault = None
    tsa.work(NOW + dt.timedelta(hours=1))
    assert at("a").get(page, headers={"Accept": "application/json"}).json["time_stamp"] == "stamped"
    shown = at("a").get(page).text
    assert "Chờ dấu thời gian" not in shown
    assert "do Test TSA cấp" in shown
    assert "do Test TSA cấp" in at("a").get(card).text
    kept = at("a").get(f"{card}/receipt").json
    assert timestamp.time_of(base64.b64decode(kept["time_stamp"]))


def test_without_an_authority_the_receipt_says_whose_clock_it_is(at, poll):
    assert voted(at("a"), poll)["stamp_state"] == "none"
    assert "thời gian là giờ máy chủ" in at("a").get(f"/polls/{poll.id}/verify").text
