"""Who may listen, to what, for how long; and what happens to those who send odd things."""

import http.client

import pytest
import socketio
from flask_appbuilder.security.sqla.models import User
from socketio.exceptions import ConnectionError as Refused
from sqlalchemy.event import listen as watch
from sqlalchemy.event import remove as unwatch

from app.extensions import db
from app.realtime import announcing, connect, listening
from app.views.living import GIVEN, TOKEN
from app.workflows import login, meetings
from app.workflows.login_tries import account_of
from tests.realtime.conftest import NAMESPACE, Listener, tell_everybody, until
from tests.slipping import SlipScene


def test_visitors_are_refused(listen):
    with pytest.raises(Refused):
        listen()


@pytest.mark.parametrize("cookie", ["", "x", "eyJ0b2tlbiI6IngifQ.aaaa.bbbb"])
def test_a_forged_cookie_is_refused(server, cookie):
    with pytest.raises(Refused):
        Listener(server, cookie or " ")


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_a_page_of_another_site_is_refused(app, server, transport):
    cookie = app.test_client().enter_as("a").cookie(app)
    sent = {"Cookie": f"ecabinet={cookie}", "Origin": "https://example.org"}
    if transport == "websocket":
        sent |= {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
                 "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}  # fmt: skip
    line = http.client.HTTPConnection(server.removeprefix("http://"))
    line.request("GET", f"/socket.io/?EIO=4&transport={transport}", headers=sent)
    assert line.getresponse().status == 400
    line.close()


def test_the_own_page_is_accepted(server, listen):
    assert listen("a", origin=server).connected


def test_an_ended_or_locked_session_is_refused(app, scene, server, listen):
    listener = listen("a")
    living = living_of(app, listener, scene.now)
    login.lock_screen(living, scene.now)
    with pytest.raises(Refused):
        Listener(server, listener.cookie)
    login.sign_out(living, scene.now)
    with pytest.raises(Refused):
        Listener(server, listener.cookie)


def test_whoever_has_yet_to_choose_a_password_is_refused(app, server):
    device = app.test_client().enter_as("a")
    Listener(server, device.cookie(app)).close()
    with device.session_transaction() as cookie:
        cookie[GIVEN] = True
    with pytest.raises(Refused):
        Listener(server, device.cookie(app))


def test_the_cookie_is_read_by_the_names_under_which_the_pages_write_it():
    assert (listening.TOKEN, listening.GIVEN) == (TOKEN, GIVEN)


def test_letting_in_and_joining_ask_five_questions(app, scene, clock):
    """Everybody comes again at once after a restart, and each question costs a millisecond of the process."""
    scene.open()
    with app.test_client().enter_as("a").session_transaction() as content:
        cookie, asked = dict(content), []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    db.session.rollback()
    watch(db.engine, "before_cursor_execute", note)
    try:
        assert listening.listener_of(cookie)
        db.session.remove()
        assert listening.join(cookie, ({"meeting_id": scene.meeting_id},))[1]
    finally:
        unwatch(db.engine, "before_cursor_execute", note)
    assert len([said for said in asked if said.startswith("SELECT")]) == 5, asked


def test_a_closed_account_is_refused(app, scene, server, listen):
    listener = listen("a")
    account = db.session.get(User, living_of(app, listener, scene.now).user_id)
    account.active = False
    db.session.commit()
    with pytest.raises(Refused):
        Listener(server, listener.cookie)


def test_who_may_not_see_a_meeting_cannot_listen_to_it(scene, listen):
    scene.invite()
    heard = []
    for name in ("admin", "guest", "under_a"):
        listener = listen(name)
        assert listener.join(scene.meeting_id) == {"ok": False, "code": "not_found"}
        heard.append(listener)
    tell_everybody()
    listen("a").join(scene.meeting_id)  # whatever was sent before has arrived by now
    assert [listener.facts for listener in heard] == [[], [], []]


def test_a_member_joins_and_is_told_the_version(scene, listen):
    scene.invite()
    answer = listen("a").join(scene.meeting_id)
    assert answer == {"ok": True, "meeting_id": scene.meeting_id, "version": scene.meeting.version}


def test_rights_are_looked_up_at_every_join(scene, listen):
    """A draft may not be listened to by a member; once the invitation is issued, the same socket may."""
    listener = listen("a")
    assert listener.join(scene.meeting_id)["ok"] is False
    scene.invite()
    assert listener.join(scene.meeting_id)["ok"] is True


def test_signing_out_cuts_the_sockets_of_that_session_and_no_other(app, scene, listen):
    here, elsewhere, other = listen("a"), listen("a"), listen("b")
    login.sign_out(living_of(app, here, scene.now), scene.now)
    tell_everybody()
    assert until(lambda: not here.connected)
    assert elsewhere.connected
    assert other.connected


def test_ending_all_sessions_of_an_account_cuts_all_its_sockets(app, scene, listen):
    first, second, other = listen("a"), listen("a"), listen("b")
    user_id = living_of(app, first, scene.now).user_id
    login.end_sessions(account_of(user_id).actor, user_id, "new_password", scene.now)
    tell_everybody()
    assert until(lambda: not first.connected and not second.connected)
    assert other.connected


def test_a_role_change_cuts_the_sockets_of_the_person(scene, listen):
    changed, other = listen("a"), listen("b")
    connect.disconnect_user({"fact": "AccountRoleChanged", "person_id": scene.who["a"].person_id})
    assert until(lambda: not changed.connected)
    assert other.connected


def test_a_session_that_ended_unheard_is_found_by_the_clock(app, scene, listen):
    ended, other = listen("a"), listen("b")
    login.sign_out(living_of(app, ended, scene.now), scene.now)  # and nobody tells
    assert connect.drop_dead_sessions(scene.now) == 1
    assert until(lambda: not ended.connected)
    assert connect.drop_dead_sessions(scene.now) == 0
    assert connect.drop_dead_sessions(scene.now + login.LONGEST_SESSION) == 1
    assert until(lambda: not other.connected)


def test_nothing_is_done_by_socket(scene, listen):
    scene.invite().check_in("head", "deputy", "a", "b")
    listener = listen("secretary")
    listener.join(scene.meeting_id)
    for event in ("open", "vote", "cast", "publish", "connect", "disconnect", "trigger_event", "close_room", "_x", ""):
        listener.client.emit(event, {"meeting_id": scene.meeting_id, "choice": "agree"}, namespace=NAMESPACE)
    assert listener.join(scene.meeting_id)["ok"] is True
    db.session.rollback()
    assert scene.meeting.state == "invited"


ODD = [
    None, 7, "x", [], [1], {}, {"meeting_id": None}, {"meeting_id": "1"}, {"meeting_id": True}, {"meeting_id": 1.0},
    {"meeting_id": -1}, {"meeting_id": 2**31}, {"meeting_id": 10**30}, {"meeting_id": [1]}, {"meeting": 1}, b"\x00\xff",
    {"slip_id": None}, {"slip_id": 10**30}, {"slip_id": 99}, {"slip_id": 1, "meeting_id": 1},
]  # fmt: skip


def test_odd_payloads_get_no_room_and_break_nothing(scene, listen):
    scene.invite()
    listener = listen("a")
    for payload in ODD:
        answer = listener.client.call("join", payload, namespace=NAMESPACE, timeout=30)
        assert answer["ok"] is False, payload
    listening.lines.refill()
    assert listener.client.call("join", (1, 2, 3), namespace=NAMESPACE, timeout=30)["code"] == "bad_request"
    assert listener.join(scene.meeting_id)["ok"] is True


def test_the_board_of_a_slip_is_listened_to_by_whoever_sees_it_and_by_nobody_else(app, listen):
    slip = SlipScene()
    slip_id = slip.issue()

    def joined(name):
        listener = listen(name)
        return listener, listener.client.call("join", {"slip_id": slip_id}, namespace=NAMESPACE, timeout=30)

    (watching, let_in), (member, refused) = joined("auditor"), joined("a")
    assert let_in == {"ok": True, "slip_id": slip_id, "version": slip.slip(slip_id).version}
    assert (refused["ok"], refused["code"], joined("guest")[1]["code"]) == (False, "not_allowed", "not_found")
    announcing.to_slip(slip_id, {"slip_id": slip_id})
    announcing.to_slip(slip_id + 1, {"slip_id": slip_id + 1})
    assert until(lambda: watching.told)
    member.client.call("join", {"slip_id": slip_id}, namespace=NAMESPACE, timeout=30)  # whatever was sent has arrived
    assert (watching.told, member.told) == ([("slip", {"slip_id": slip_id})], [])


def test_nobody_has_more_sockets_than_windows(app, listen, monkeypatch):
    monkeypatch.setattr(listening, "MOST_LINES", 3)
    first = listen("a")
    more = [Listener(first.address, first.cookie) for _each in range(2)]
    with pytest.raises(Refused):
        Listener(first.address, first.cookie)
    assert listen("a").connected, "another session of the same person is not concerned"
    more[0].close()
    assert until(lambda: len(listening.lines) == 3)
    more[0] = Listener(first.address, first.cookie)
    for each in more:
        each.close()


def test_notices_and_background_work_are_told_to_those_concerned(scene, listen, people):
    mine, admin, other = listen("a"), listen("admin"), listen("b")
    announcing.to_person(people["a"].person_id, {"unread": 1})
    announcing.to_jobs(1, {"job_id": 2})
    announcing.to_jobs(2, {"job_id": 3})
    assert until(lambda: mine.told and admin.told)
    other.client.call("join", {"meeting_id": 1}, namespace=NAMESPACE, timeout=30)  # whatever was sent has arrived
    assert (mine.told, admin.told, other.told) == ([("notice", {"unread": 1})], [("job", {"job_id": 2})], [])


def test_a_flood_is_ignored_first_and_cut_off_at_last(scene, listen, monkeypatch):
    monkeypatch.setattr(listening, "PER_SECOND", 0.0)  # a slow machine gives nothing back meanwhile
    scene.invite()
    flooding, other = listen("a"), listen("b")
    for _ in range(listening.BURST):
        flooding.client.emit("noise", 1, namespace=NAMESPACE)
    assert flooding.join(scene.meeting_id) == {"ok": False, "code": "too_fast"}
    for _ in range(3 * listening.PATIENCE):
        if not flooding.connected:
            break
        try:
            flooding.client.emit("noise", 1, namespace=NAMESPACE)
        except socketio.exceptions.BadNamespaceError:
            break
    assert until(lambda: not flooding.connected)
    assert other.join(scene.meeting_id)["ok"] is True


def test_a_huge_message_cuts_its_own_line_only(scene, listen):
    scene.invite()
    huge, other = listen("a"), listen("b")
    huge.client.emit("join", {"meeting_id": "9" * 2_000_000}, namespace=NAMESPACE)
    assert until(lambda: not huge.connected)
    assert other.join(scene.meeting_id)["ok"] is True


def test_leaving_leaves_nothing_behind(scene, listen):
    listener = listen("a")
    assert len(listening.lines) == 1
    listener.close()
    assert until(lambda: not listening.lines)


def test_a_seat_gained_later_is_enough_to_join(scene, listen):
    from app.models import SeatRole

    scene.invite()
    listener = listen("guest")
    assert listener.join(scene.meeting_id)["ok"] is False
    meetings.add_seat(
        scene.who["clerk"], scene.meeting_id, scene.who["guest"].person_id, SeatRole.GUEST, now=scene.now
    )
    assert listener.join(scene.meeting_id)["ok"] is True


def living_of(app, listener, now):
    """The session behind a listener's cookie, as the server reads it."""
    db.session.rollback()
    token = app.session_interface.get_signing_serializer(app).loads(listener.cookie)[TOKEN]
    return login.session_of(token, now)
