"""The pages of passkeys: password first, the configured address alone, and what the vote card makes of them."""

import re

import pytest

from app.extensions import db
from app.gateways import passkeys as gateway
from app.models import Meeting, Passkey, PasskeyChallenge, Poll, SignatureEvidence
from app.workflows import agenda, meetings, passkeys, polls
from app.workflows.poll_passkeys import AboutPasskeys
from app.workflows.rules.passkey import ballot_challenge, from_base64url, to_base64url, unlock_challenge
from tests.authenticator import UP, Authenticator, sent
from tests.cabinet import MEMBERS, PASSWORD, PIN
from tests.conftest import both, nonce_of
from tests.device import JSON
from tests.views.browser import Browser
from tests.workflows.test_passkeys import enrolled

NONCE = nonce_of("card")


def begin(browser, password=PASSWORD, label="iPad"):
    return browser.send("/passkeys/begin", password=password, label=label)


def complete(browser, made):
    parts = {"id": made.credential_id, "client_data": made.client_data, "attestation": made.attestation}
    told = {name: to_base64url(part) for name, part in parts.items()}
    return browser.send("/passkeys/complete", **told, transports=list(made.transports))


def id_of(scene, name="a"):
    return passkeys.kept_passkeys(scene.who[name].person_id)[0].id


@both
def test_a_passkey_is_added_with_the_password_and_shown_to_its_owner_alone(at, scene):
    device = Authenticator()
    asked = begin(at("a"), label="iPad số 7")
    assert (asked.status_code, asked.json["rp"]["id"]) == (200, "localhost")
    assert asked.json["user"]["name"] == "a"
    added = complete(at("a"), device.make(from_base64url(asked.json["challenge"])))
    assert (added.status_code, added.json) == (200, {"label": "iPad số 7"})
    assert "iPad số 7" in at("a").get("/passkeys/").text
    assert "iPad số 7" not in at("b").get("/passkeys/").text
    assert at("a").get("/passkeys/").text.count("/remove") == 1


def test_a_wrong_password_asks_no_device(at, scene):
    refused = begin(at("a"), password="falsch")
    assert (refused.status_code, refused.json["code"], refused.json["field"]) == (403, "password_wrong", "password")
    assert db.session.query(PasskeyChallenge).count() == 0
    for _try in range(4):
        begin(at("a"), password="falsch")
    assert begin(at("a")).status_code == 401  # the fifth ended the session


def test_the_challenge_of_one_device_is_no_use_on_another(at, scene, app):
    challenge = from_base64url(begin(at("a")).json["challenge"])
    refused = complete(Browser(app, "a"), Authenticator().make(challenge))
    assert (refused.status_code, refused.json["code"]) == (409, "passkey_enrolment_over")
    assert db.session.query(Passkey).count() == 0


def test_the_host_of_the_request_decides_nothing(at, scene):
    """The browser stands on another port and a proxy claims another host: the configured address is what counts."""
    forged = {"Host": "localhost:9999", "X-Forwarded-Host": "evil.example"}
    asked = at("a").client.post("/passkeys/begin", json={"password": PASSWORD, "label": "x"}, headers=forged)
    assert (asked.status_code, asked.json["rp"]["id"]) == (200, "localhost")
    made = Authenticator().make(from_base64url(asked.json["challenge"]), origin="http://localhost:9999")
    assert complete(at("a"), made).json["code"] == "passkey_not_made"


@pytest.mark.parametrize(
    "odd",
    [{"id": ""}, {"id": "a b"}, {"id": 7}, {"id": "A" * 2000}, {"client_data": None}, {"attestation": "A" * 20_000},
     {"transports": "usb"}, {"transports": [1]}, {"transports": ["usb"] * 9}, {"more": "x"}],
)  # fmt: skip
def test_an_odd_request_is_a_clear_refusal(at, scene, odd):
    values = {"id": "AAAA", "client_data": "AAAA", "attestation": "AAAA", "transports": []} | odd
    assert at("a").send("/passkeys/complete", **values).status_code == 422
    assert db.session.query(Passkey).count() == 0


def test_removing_asks_for_the_password_and_says_so_at_the_passkey(at, scene):
    enrolled()
    number = id_of(scene)
    refused = at("a").post(f"/passkeys/{number}/remove", password="falsch")
    assert refused.status_code == 403
    assert re.search(rf'id="passkey-{number}" open', refused.text)
    assert at("a").post(f"/passkeys/{number}/remove", password=PASSWORD).status_code == 303
    assert passkeys.kept_passkeys(scene.who["a"].person_id) == []


def test_nobody_removes_that_of_somebody_else(at, scene):
    enrolled()
    number = id_of(scene)
    for name in ("b", "admin", "clerk"):
        asked = {"data": {"password": PASSWORD}, "headers": JSON}
        assert at(name).client.post(f"/passkeys/{number}/remove", **asked).status_code == 404
    assert db.session.get(Passkey, number).removed_at is None


def test_where_passkeys_do_not_work_the_page_says_so(at, scene):
    assert "data-begin" in at("a").get("/passkeys/").text
    assert "data-begin" not in at("clerk").get("/passkeys/").text
    gateway.use(None)
    page = at("a").get("/passkeys/")
    assert page.status_code == 200
    assert "data-begin" not in page.text


# -- the vote card ----------------------------------------------------------------------------------------------------


def demanding(scene):
    scene.open()
    draft = scene.draft(passkey_demanded=True)
    return polls.open_poll(scene.who["secretary"], draft.id, scene.now, about_passkeys=AboutPasskeys.DEMAND)


def prepared(browser, poll):
    return browser.send(f"/polls/{poll.id}/prepare", choice="agree", nonce=NONCE)


@both
def test_the_card_asks_for_the_own_passkey_and_the_receipt_names_it(at, scene):
    device, other = enrolled(label="iPad số 7")[0], enrolled("b")[0]
    poll = demanding(scene)
    assert " data-demanded" in at("a").get(f"/polls/{poll.id}").text
    asked = prepared(at("a"), poll).json
    assert asked["passkey"]["host"] == "localhost"
    assert [each["id"] for each in asked["passkey"]["credentials"]] == [to_base64url(device.credential_id)]
    assert to_base64url(other.credential_id) not in str(asked)
    answer = sent(device.answer(ballot_challenge(asked["statement"].encode())))
    done = at("a").send(f"/polls/{poll.id}/sign", nonce=NONCE, pin=PIN, passkey=answer)
    assert (done.status_code, done.json["receipt"]["passkey_label"]) == (200, "iPad số 7")
    for path in (f"/polls/{poll.id}", f"/polls/{poll.id}/verify"):
        assert "iPad số 7" in at("a").get(path).text
    taken = at("a").get(f"/polls/{poll.id}/receipt").json
    assert taken["passkey"].encode() == db.session.query(SignatureEvidence).one().content


def test_without_one_the_card_leads_to_the_own_passkeys(at, scene):
    poll = demanding(scene)
    page = at("a").get(f"/polls/{poll.id}").text
    assert 'href="/passkeys/"' in page[page.index('id="vote"'):]
    assert "data-vote-next" not in page
    refused = prepared(at("a"), poll)
    assert (refused.status_code, refused.json["code"]) == (403, "passkey_missing")


def test_a_refused_passkey_is_told_to_the_card(at, scene):
    device = enrolled()[0]
    poll = demanding(scene)
    statement = prepared(at("a"), poll).json["statement"].encode()
    answer = sent(device.answer(ballot_challenge(statement), flags=UP))
    refused = at("a").send(f"/polls/{poll.id}/sign", nonce=NONCE, pin=PIN, passkey=answer)
    assert (refused.status_code, refused.json["code"]) == (422, "passkey_not_verified")
    assert at("a").send(f"/polls/{poll.id}/sign", nonce=NONCE, pin=PIN).json["code"] == "passkey_needed"


@pytest.mark.parametrize("odd", [7, [], {"id": 1}, {"id": "a b"}, {"more": "x"}, {}])
def test_an_odd_answer_is_a_clear_refusal(at, scene, odd):
    poll = demanding(scene)
    assert at("a").send(f"/polls/{poll.id}/sign", nonce=NONCE, pin=PIN, passkey=odd).status_code == 422


# -- the meeting, and the office --------------------------------------------------------------------------------------

MEETING = {
    "body_id": "1", "title": "Phiên họp có passkey", "kind": "regular", "starts_at": "05/08/2026 08:00",
    "planned_minutes": "120", "place": "Phòng họp số 1", "conference_url": "",
}  # fmt: skip


@pytest.mark.parametrize("asked", [True, False])
def test_a_new_meeting_says_whether_its_votes_ask_for_a_passkey(at, scene, asked):
    clerk = at("clerk")
    assert 'name="passkey_demanded"' in clerk.get("/records/meetings/add").text
    saved = clerk.post("/records/meetings/add", **MEETING, **({"passkey_demanded": "y"} if asked else {}))
    assert saved.status_code == 302
    meeting = db.session.query(Meeting).filter_by(title=MEETING["title"]).one()
    item = agenda.add_item(scene.who["clerk"], meeting.id, "Nội dung", agenda.ItemKind.DECISION, now=scene.now)
    assert polls.draft_poll(scene.who["clerk"], item.id, "Thông qua?", scene.now).passkey_demanded is asked
    assert meeting.passkey_demanded is asked


def test_who_resets_a_password_is_told_what_becomes_of_the_passkeys(at, scene):
    page = at("admin").get(f"/records/accounts/{scene.who['a'].person_id}").text
    asked = re.search(r'[^"]*khóa ký bị tạm ngừng[^"]*', page)[0]
    assert "passkey" in asked


# -- the chair's desk -------------------------------------------------------------------------------------------------


@pytest.fixture
def desk(at, scene):
    """A meeting whose votes ask for a passkey, which the head alone has."""
    enrolled("head")
    meetings.edit_meeting(scene.who["clerk"], scene.meeting_id, scene.now, passkey_demanded=True)
    scene.open()
    return at("secretary")


def test_the_desk_names_who_has_none_and_lets_the_chair_decide(desk, scene):
    page = desk.get(f"/meetings/{scene.meeting_id}/cockpit").text
    assert page.count("Phạm Văn Ba") >= 2
    assert 'name="passkeys"' in page
    refused = desk.send(f"/items/{scene.item_id}/vote")
    assert (refused.status_code, refused.json["code"]) == (409, "members_without_passkey")
    assert "Phạm Văn Ba" in refused.json["message"]
    assert "Trần Văn Một" not in refused.json["message"]
    assert desk.send(f"/items/{scene.item_id}/vote", passkeys="nobody").status_code == 422


@pytest.mark.parametrize(("decided", "demanded"), [("demand", True), ("pin", False)])
def test_what_the_chair_decides_is_what_the_vote_asks_for(desk, scene, decided, demanded):
    answer = desk.send(f"/items/{scene.item_id}/vote", passkeys=decided)
    assert answer.status_code == 200, answer.text
    assert db.session.query(Poll).one().passkey_demanded is demanded


def test_when_everybody_has_one_nothing_is_asked(desk, scene):
    for name in MEMBERS:
        if name != "head":
            enrolled(name)
    assert 'name="passkeys"' not in desk.get(f"/meetings/{scene.meeting_id}/cockpit").text
    assert desk.send(f"/items/{scene.item_id}/vote").status_code == 200


def test_where_there_is_no_address_for_passkeys_only_the_pin_is_offered(desk, scene):
    gateway.use(None)
    page = desk.get(f"/meetings/{scene.meeting_id}/cockpit").text
    assert 'value="pin"' in page
    assert 'value="demand"' not in page
    assert desk.send(f"/items/{scene.item_id}/vote").json["code"] == "passkeys_unavailable"
    assert desk.send(f"/items/{scene.item_id}/vote", passkeys="pin").status_code == 200


# -- the locked screen ------------------------------------------------------------------------------------------------


@pytest.fixture
def locked(at, scene):
    """A member with a passkey, whose screen is locked."""
    device = enrolled()[0]
    browser = at("a")
    browser.send("/lock")
    return browser, device


def answered(browser, device):
    asked = browser.send("/unlock/passkey").json
    return browser.send("/unlock/passkey/answer", **sent(device.answer(unlock_challenge(asked["nonce"]))))


@both
def test_the_locked_screen_takes_the_passkey_and_nothing_else_is_open_meanwhile(locked):
    browser, device = locked
    assert "data-unlock-passkey" in browser.get("/locked?next=/keys/").text
    assert browser.client.get("/keys/", headers=JSON).status_code == 423
    assert answered(browser, device).status_code == 200
    assert browser.get("/keys/").status_code == 200


def test_a_wrong_answer_is_refused_in_words_with_the_tries_that_are_left(locked):
    browser, device = locked
    asked = browser.send("/unlock/passkey").json
    wrong = sent(device.answer(unlock_challenge(asked["nonce"]), flags=UP))
    refused = browser.send("/unlock/passkey/answer", **wrong)
    assert (refused.status_code, refused.json["code"]) == (403, "passkey_unlock_refused")
    assert "4" in refused.json["message"]
    assert browser.client.get("/keys/", headers=JSON).status_code == 423
    for _try in range(3):
        browser.send("/unlock/passkey/answer", **wrong)
    assert browser.send("/unlock/passkey/answer", **wrong).json["code"] == "signed_out"
    assert browser.client.get("/keys/", headers=JSON).status_code == 401


@pytest.mark.parametrize("odd", [{"id": ""}, {"id": 7}, {"client_data": "a b"}, {"signature": None}, {"more": "x"}])
def test_an_odd_unlocking_is_refused_and_costs_no_try(locked, odd):
    browser, device = locked
    parts = {"id": "AAAA", "client_data": "AAAA", "authenticator_data": "AAAA", "signature": "AAAA"} | odd
    for _try in range(6):
        assert browser.send("/unlock/passkey/answer", **parts).status_code == 422
    assert answered(browser, device).status_code == 200


def test_who_has_none_is_shown_the_password_alone(at, scene):
    browser = at("b")
    browser.send("/lock")
    assert "data-unlock-passkey" not in browser.get("/locked").text
    refused = browser.send("/unlock/passkey")
    assert (refused.status_code, refused.json["code"]) == (409, "no_passkey_to_unlock")


def test_without_a_session_nothing_is_asked(app, scene):
    nobody = Browser(app)
    assert nobody.send("/unlock/passkey").status_code == 401
    parts = {"id": "AAAA", "client_data": "AAAA", "authenticator_data": "AAAA", "signature": "AAAA"}
    assert nobody.send("/unlock/passkey/answer", **parts).status_code == 401
