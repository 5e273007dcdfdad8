"""The own settings of notices: switches, quiet hours, addresses and browsers; and the log of what was sent."""

import datetime as dt
import re

import pytest

from app.extensions import db
from app.gateways import channels, push
from app.gateways.channels import Channels
from app.gateways.mail import Mailer
from app.gateways.push import Pusher
from app.gateways.sms import Gateway
from app.models import Channel, Delivery, DeliveryState, Notice, PushSubscription, Topic
from app.tasks import relay
from app.views.records_deliveries import masked
from app.workflows import contacts, deliveries, preferences
from app.workflows import push as browsers
from app.workflows.engine.rights import SYSTEM
from app.workflows.engine.transaction import own_transaction
from app.workflows.worth_sending import WORDS, Why
from tests.cabinet import NOW
from tests.gateways.test_push import Browser
from tests.views.brackets import data, left_outside, speak_in_brackets

HERE = "/notices/settings/"
AGENT = "Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0 Safari/604.1"


@pytest.fixture(autouse=True)
def ways(app):
    """Every way out is configured, and leads nowhere."""
    before = channels.channels()
    pusher = Pusher(push.generate_vapid_key(), "mailto:a@b.example")
    mailer = Mailer("smtp://127.0.0.1:1?tls=none", "no-reply@vpcp.example")
    channels.use(Channels(mailer, Gateway("http://127.0.0.1:1/", "t"), pusher))
    yield pusher
    channels.use(before)


@pytest.fixture
def mine(scene, people, clock):
    return people["a"]


def flip(browser, topic="vote", channel="sms", wanted="1"):
    return browser.post(f"{HERE}choice", topic=topic, channel=channel, wanted=wanted)


def test_a_switch_is_kept_and_leads_back_to_the_page(at, mine):
    assert preferences.choices(mine.person_id)[Topic.VOTE, Channel.SMS] is False
    answer = flip(at("a"))
    assert (answer.status_code, answer.location) == (303, f"{HERE}#topics")
    assert preferences.choices(mine.person_id)[Topic.VOTE, Channel.SMS] is True
    flip(at("a"), wanted="0")
    assert preferences.choices(mine.person_id)[Topic.VOTE, Channel.SMS] is False


def test_a_script_flips_a_switch_without_leaving_the_page(at, mine):
    form = {"topic": "vote", "channel": "sms", "wanted": "1"}
    answer = at("a").client.post(f"{HERE}choice", data=form, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json) == (200, {"wanted": True})


def test_mail_about_the_own_account_has_no_switch_and_cannot_be_refused(at, mine):
    page = at("a").get(HERE).text
    row = page[page.index("Tài khoản và khóa ký") :] if "Tài khoản và khóa ký" in page else page
    assert row.count('value="security"') == 2  # by text message and push
    assert flip(at("a"), "security", "mail", "0").status_code == 303
    assert preferences.choices(mine.person_id)[Topic.SECURITY, Channel.MAIL] is True


@pytest.mark.parametrize(("topic", "channel"), [("weather", "sms"), ("vote", "pigeon"), ("", "")])
def test_an_unknown_switch_is_refused(at, mine, topic, channel):
    form = {"topic": topic, "channel": channel, "wanted": "1"}
    answer = at("a").client.post(f"{HERE}choice", data=form, headers={"Accept": "application/json"})
    assert answer.status_code == 422


def test_quiet_hours_are_kept(at, mine):
    assert at("a").post(f"{HERE}quiet", kept="1", begins="21:30", ends="07:15").status_code == 303
    quiet = preferences.quiet_hours([mine.person_id])[mine.person_id]
    assert (quiet.kept, quiet.begins, quiet.ends) == (True, dt.time(21, 30), dt.time(7, 15))
    assert "<option selected>07:15</option>" in at("a").get(HERE).text
    at("a").post(f"{HERE}quiet", begins="21:30", ends="07:15")
    assert preferences.quiet_hours([mine.person_id])[mine.person_id].kept is False


@pytest.mark.parametrize("hour", ["", "25:00", "7", "22:00:00", "٢٢:٠٠x"])
def test_an_hour_that_is_none_is_refused(at, mine, hour):
    form = {"kept": "1", "begins": hour, "ends": "06:00"}
    answer = at("a").client.post(f"{HERE}quiet", data=form, headers={"Accept": "application/json"})
    assert answer.status_code == 422


def added(at, typed="An@Bo.example ", channel="mail"):
    return at("a").post(f"{HERE}addresses", channel=channel, address=typed)


def test_an_address_is_used_after_its_code_was_entered(at, mine):
    assert added(at).status_code == 303
    (contact,) = contacts.contacts_of(mine.person_id)
    assert (contact.address, contact.confirmed_at) == ("an@bo.example", None)
    code = contacts.new_code(SYSTEM, contact.id, NOW)
    wrong = at("a").post(f"{HERE}addresses/{contact.id}/confirm", code="000000" if code != "000000" else "111111")
    assert (wrong.status_code, 'aria-invalid="true"' in wrong.text) == (422, True)
    right = at("a").post(f"{HERE}addresses/{contact.id}/confirm", code=f" {code[:3]} {code[3:]} ")
    assert right.status_code == 303
    assert contacts.contacts_of(mine.person_id)[0].confirmed_at == NOW


@pytest.mark.parametrize(("typed", "channel"), [("an", "mail"), ("<b>x</b>", "mail"), ("0243 804 4141", "sms")])
def test_what_is_no_address_is_shown_again_with_the_reason(at, mine, typed, channel):
    answer = added(at, typed, channel)
    assert answer.status_code == 422
    assert f'value="{typed.replace("<", "&lt;").replace(">", "&gt;")}"' in answer.text
    assert 'aria-describedby="address-e"' in answer.text
    assert contacts.contacts_of(mine.person_id) == []


def test_a_second_code_waits_a_minute(at, mine, clock):
    added(at)
    contact_id = contacts.contacts_of(mine.person_id)[0].id
    again = f"{HERE}addresses/{contact_id}/code"
    assert at("a").client.post(again, headers={"Accept": "application/json"}).status_code == 429
    clock.move(seconds=61)
    assert at("a").post(again).status_code == 303


def test_an_address_that_bounced_is_used_again_after_another_code(at, mine, clock):
    contact = contacts.add_contact(mine, Channel.MAIL, "an@bo.example", NOW)
    assert contacts.confirm_contact(mine, contact.id, contacts.new_code(SYSTEM, contact.id, NOW), NOW)
    contacts.note_bounce(SYSTEM, contact.id, "gone", NOW)
    clock.move(minutes=2)
    assert at("a").post(f"{HERE}addresses/{contact.id}/code").status_code == 303
    (again,) = contacts.contacts_of(mine.person_id)
    assert again.code_until > clock.now
    code = contacts.new_code(SYSTEM, contact.id, clock.now)
    at("a").post(f"{HERE}addresses/{contact.id}/confirm", code=code)
    assert contacts.contacts_of(mine.person_id)[0].bounced_at is None


def test_an_address_is_removed(at, mine):
    added(at)
    contact_id = contacts.contacts_of(mine.person_id)[0].id
    assert at("a").post(f"{HERE}addresses/{contact_id}/remove").status_code == 303
    assert contacts.contacts_of(mine.person_id) == []
    at("a").get(HERE)  # with what was said of it
    assert "an@bo.example" not in at("a").get(HERE).text


def test_the_address_of_somebody_else_does_not_exist(at, mine):
    added(at)
    contact_id = contacts.contacts_of(mine.person_id)[0].id
    assert "an@bo.example" not in at("b").get(HERE).text
    for act in ("confirm", "code", "remove"):
        answer = at("b").client.post(f"{HERE}addresses/{contact_id}/{act}", headers={"Accept": "application/json"})
        assert answer.status_code == 404


def test_without_any_way_out_the_page_says_so(at, mine):
    channels.use(Channels())
    page = at("a").get(HERE).text
    assert 'role="switch"' not in page
    assert 'id="addresses"' not in page
    assert "data-push" not in page
    assert 'action="/notices/settings/quiet"' in page, "quiet hours are chosen before there is anything to send"
    assert "Hệ thống này chưa thiết lập: Thư điện tử, Tin nhắn SMS, Thông báo đẩy." in page


# -- push -------------------------------------------------------------------------------------------------------------


def subscription():
    kept = Browser().at("https://fcm.googleapis.com/fcm/send/abc")
    return {"endpoint": kept.endpoint, "p256dh": kept.p256dh, "auth": kept.auth}


def test_a_browser_subscribes_and_unsubscribes(at, mine):
    answer = at("a").client.post("/notices/push", json=subscription(), headers={"User-Agent": AGENT})
    assert (answer.status_code, answer.json) == (200, {"subscribed": True})
    (kept,) = browsers.browsers_of(mine.person_id)
    assert kept.device == "Safari, iPad"
    assert "Safari, iPad" in at("a").get(HERE).text
    answer = at("a").client.delete("/notices/push", json={"endpoint": kept.endpoint})
    assert (answer.status_code, answer.json) == (200, {"subscribed": False})
    assert browsers.browsers_of(mine.person_id) == []


def test_a_browser_changes_hands_with_whoever_signs_in_there(at, mine, people):
    sent = subscription()
    at("a").send("/notices/push", **sent)
    at("b").send("/notices/push", **sent)
    assert browsers.browsers_of(mine.person_id) == []
    assert len(browsers.browsers_of(people["b"].person_id)) == 1


@pytest.mark.parametrize(
    "odd",
    [{"endpoint": "https://169.254.169.254/latest"}, {"endpoint": "http://fcm.googleapis.com/x"}, {"auth": "AAAA"},
     {"p256dh": ""}, {"endpoint": 7}, {"more": "x"}, {"endpoint": "https://fcm.googleapis.com/" + "x" * 1000}],
)  # fmt: skip
def test_what_no_browser_says_is_not_kept(at, mine, odd):
    assert at("a").send("/notices/push", **(subscription() | odd)).status_code == 422
    assert db.session.query(PushSubscription).count() == 0


def test_a_device_that_is_not_at_hand_is_removed(at, mine, people):
    at("a").send("/notices/push", **subscription())
    (kept,) = browsers.browsers_of(mine.person_id)
    answer = at("b").client.post(f"/notices/push/{kept.id}/remove", headers={"Accept": "application/json"})
    assert answer.status_code == 404
    assert at("a").post(f"/notices/push/{kept.id}/remove").location == f"{HERE}#push"
    assert browsers.browsers_of(mine.person_id) == []


def test_the_worker_is_the_same_for_everybody_and_sees_the_whole_site(app, at, mine):
    answers = [app.test_client().get("/sw.js"), at("a").get("/sw.js")]
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.headers["Service-Worker-Allowed"] for answer in answers} == {"/"}
    assert {answer.mimetype for answer in answers} == {"text/javascript"}
    assert len({answer.data for answer in answers}) == 1
    assert all("default-src 'self'" in answer.headers["Content-Security-Policy"] for answer in answers)


# -- what was sent ----------------------------------------------------------------------------------------------------


@pytest.fixture
def sent(scene, people, clock):
    """An invitation on its way to two addresses of a member."""
    for channel, typed in ((Channel.MAIL, "an@bo.example"), (Channel.SMS, "0912345678")):
        contact = contacts.add_contact(people["a"], channel, typed, NOW)
        with own_transaction() as session:
            session.get(type(contact), contact.id).confirmed_at = NOW
    preferences.choose(people["a"], Topic.MEETING, Channel.SMS, True, NOW)
    scene.invite()
    with own_transaction() as session:
        session.query(Delivery).delete()
    relay.drain(NOW)
    return {one.channel: one for one in db.session.query(Delivery)}


def put(delivery, state, **more):
    with own_transaction() as session:
        row = session.get(Delivery, delivery.id)
        row.state, row.ended_at = state, None if state in deliveries.OPEN else NOW
        for name, value in more.items():
            setattr(row, name, value)


SAID = {
    DeliveryState.HANDED_OVER: "Đã chuyển cho máy chủ thư", DeliveryState.FAILED: "Không gửi được",
    DeliveryState.UNCERTAIN: "Không rõ đã đến hay chưa", DeliveryState.QUEUED: "Đang chờ gửi",
    DeliveryState.BOUNCED: "Địa chỉ bị từ chối",
}  # fmt: skip


@pytest.mark.parametrize("state", SAID)
def test_the_log_claims_no_more_than_is_known(at, sent, state):
    put(sent[Channel.MAIL], state)
    page = at("a").get("/notices/deliveries/").text
    assert SAID[state] in page
    assert "an@bo.example" in page
    assert "Đồng chí được mời dự họp" in page


def test_the_log_says_what_a_message_waits_for(at, sent, clock):
    put(sent[Channel.MAIL], DeliveryState.QUEUED, not_before=NOW + dt.timedelta(hours=3))
    assert "vì đang trong giờ yên lặng" in at("a").get("/notices/deliveries/").text


@pytest.mark.parametrize("why", Why)
def test_why_nothing_was_sent_is_said_in_words_to_both(at, sent, why):
    put(sent[Channel.MAIL], DeliveryState.DROPPED, last_error=why.value)
    for page in (at("a").get("/notices/deliveries/"), at("admin").get(f"/records/deliveries/{sent[Channel.MAIL].id}")):
        assert str(WORDS[why]) in page.text
        assert why.value not in re.sub(r"<script.*?</script>", "", page.text, flags=re.DOTALL)


def test_nobody_sees_what_was_sent_to_somebody_else(at, sent):
    assert "an@bo.example" not in at("b").get("/notices/deliveries/").text


def test_the_administrator_sees_states_and_neither_addresses_nor_contents(at, sent, scene):
    put(sent[Channel.MAIL], DeliveryState.FAILED, last_error="550 <an@bo.example> unknown")
    pages = [at("admin").get("/records/deliveries/").text]
    pages += [at("admin").get(f"/records/deliveries/{one.id}").text for one in sent.values()]
    for secret in ("an@bo.example", "0912345678", "912345678", scene.meeting.title, "Đồng chí được mời"):
        assert not any(secret in page for page in pages), secret
    assert "a•••@bo.example" in pages[1]
    assert any("+84•••678" in page for page in pages)


@pytest.mark.parametrize(("state", "offered"), [(DeliveryState.FAILED, True), (DeliveryState.UNCERTAIN, True),
                                                (DeliveryState.HANDED_OVER, False)])  # fmt: skip
def test_what_failed_is_sent_again_by_hand(at, sent, state, offered):
    put(sent[Channel.MAIL], state)
    path = f"/records/deliveries/{sent[Channel.MAIL].id}"
    assert (f"{path}/retry" in at("admin").get(path).text) is offered
    answer = at("admin").client.post(f"{path}/retry", headers={"Accept": "application/json"})
    assert answer.status_code == (302 if offered else 409)
    now_is = db.session.get_one(Delivery, sent[Channel.MAIL].id).state
    assert now_is is (DeliveryState.QUEUED if offered else state)


@pytest.mark.parametrize(
    ("text", "shown"),
    [("an@bo.vn", "a•••@bo.vn"), ("+84912345678", "+84•••678"), ("550 <an@bo.vn>: no", "550 <a•••@bo.vn>: no"),
     ("Chrome, iPad", "Chrome, iPad"), ("", "")],
)  # fmt: skip
def test_addresses_are_masked_wherever_they_stand(text, shown):
    assert masked(text) == shown


@pytest.mark.parametrize("state", DeliveryState)
def test_no_page_has_a_word_of_its_own(monkeypatch, at, sent, scene, state):
    """Addresses that wait, are confirmed and bounced, a browser, and messages in every state."""
    speak_in_brackets(monkeypatch)
    put(sent[Channel.MAIL], state, not_before=NOW + dt.timedelta(hours=3), attempts=2, urgent=True)
    waiting = contacts.add_contact(scene.who["a"], Channel.MAIL, "moi@bo.example", NOW)
    contacts.note_bounce(SYSTEM, sent[Channel.SMS].contact_id, "gone", NOW)
    at("a").send("/notices/push", **subscription())
    at("a").post(f"{HERE}addresses/{waiting.id}/confirm", code="x")
    here = {"a": ["/notices/", HERE, "/notices/deliveries/"], "admin": ["/records/deliveries/"]}
    here["admin"] += [f"/records/deliveries/{one.id}" for one in sent.values()]
    pages = {(name, path): at(name).get(path) for name, paths in here.items() for path in paths}
    assert {answer.status_code for answer in pages.values()} == {200}
    known, shown = data(), {where: page.text.replace("a•••@bo.example", "") for where, page in pages.items()}
    assert {where: left for where, page in shown.items() if (left := left_outside(page, known))} == {}


# -- the list ---------------------------------------------------------------------------------------------------------


def test_the_list_has_the_unread_first_and_keeps_to_its_topic(at, scene, clock):
    scene.invite()
    relay.drain(NOW)
    first = at("a").get("/notices/").text
    assert re.search(r"ec-notices--new.*?Đồng chí được mời dự họp", first, re.DOTALL)
    assert "Đồng chí được mời dự họp" in at("a").get("/notices/?topic=meeting").text
    assert "Đồng chí được mời dự họp" not in at("a").get("/notices/?topic=vote").text
    assert at("a").get("/notices/?topic=nothing").status_code == 200


def test_one_is_noted_as_read_without_leaving_the_list(at, scene, clock):
    scene.invite()
    relay.drain(NOW)
    assert at("a").get("/notices/count").json == {"unread": 1}
    notice = db.session.query(Notice).filter_by(person_id=scene.who["a"].person_id).one()
    answer = at("a").post(f"/notices/{notice.id}/read", stay="1")
    assert (answer.status_code, answer.location) == (303, "/notices/")
    assert at("a").get("/notices/count").json == {"unread": 0}
    assert "ec-notices--new" not in at("a").get("/notices/").text
