"""Sockets in processes of their own: two real ones, a real Redis, and everything that may go wrong in between."""

import contextlib
import datetime as dt
import http.client
import itertools
import json
import signal
import socket
import subprocess
import sys
import time

import pytest
import redis
from engineio import payload
from socketio.exceptions import BadNamespaceError
from socketio.exceptions import ConnectionError as Refused

from app.extensions import db
from app.models import Job, JobState, Presence
from app.realtime import announcing, publishing
from app.realtime.channel import CHANNEL
from app.realtime.hub import STALLED
from app.tasks import relay
from app.views.living import TOKEN
from app.workflows import attendance, login
from benchmarks.fanout_screens import Screens
from tests.cabinet import NOW
from tests.realtime.conftest import Listener, tell_everybody, until
from tests.realtime.production import ROOT, Realtime
from tests.servers import RedisServer


@pytest.fixture(scope="module")
def redis_here():
    """A Redis that the tests of this file may stop."""
    server = RedisServer()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def processes(sqlite_home, redis_here, tmp_path_factory):
    folder = tmp_path_factory.mktemp("realtime")
    started = [Realtime(sqlite_home.application, redis_here, folder / f"{number}.log") for number in (1, 2)]
    assert until(lambda: all(each.follows() for each in started), 120), [each.said for each in started]
    yield started
    for each in started:
        if each.process.poll() is None:
            each.process.kill()
            each.process.wait()


@pytest.fixture
def apart(app, processes, redis_here, monkeypatch):
    """The application as a web process of a production: its sockets are elsewhere."""
    monkeypatch.setitem(app.config, "REALTIME", "apart")
    monkeypatch.setitem(app.config, "REDIS_URL", redis_here.url)
    monkeypatch.setitem(app.extensions, "announcer", publishing.Publisher(redis_here.url))
    return processes


@pytest.fixture
def listen(app, apart):
    opened = []

    def begin(name, process=0, cookie=None, **options):
        cookie = cookie or app.test_client().enter_as(name).cookie(app)
        opened.append(Listener(apart[process].address, cookie, **options))
        return opened[-1]

    yield begin
    for listener in opened:
        listener.close()


@pytest.fixture
def both_listen(scene, listen):
    """A member at one process and another at the other, in the room of the meeting; what was before is told."""
    scene.invite()
    tell_everybody()
    listeners = [listen("a", 0), listen("b", 1)]
    for listener in listeners:
        assert listener.join(scene.meeting_id)["ok"]
    return listeners


def fact(meeting_id, version, **more):
    return {"fact": "PresenceChanged", "meeting_id": meeting_id, "version": version, "poll_id": None, **more}


def versions(listener):
    return [each["version"] for each in listener.facts]


# -- reaching everybody ------------------------------------------------------------------------------------------------


def test_an_act_is_told_to_the_screens_of_every_process(scene, both_listen):
    attendance.confirm_presence(scene.who["b"], scene.meeting_id, Presence.REMOTE, now=scene.now)
    tell_everybody()
    for listener in both_listen:
        assert until(lambda: "PresenceChanged" in listener.names())  # noqa: B023
        assert listener.facts[-1] == fact(scene.meeting_id, scene.meeting.version)


def test_many_announcements_arrive_in_order(scene, both_listen):
    for version in range(100, 300):
        announcing.to_meeting(scene.meeting_id, fact(scene.meeting_id, version))
    for listener in both_listen:
        assert until(lambda: len(listener.facts) >= 200)  # noqa: B023
        assert versions(listener) == list(range(100, 300))


def test_two_hundred_screens_at_two_processes_miss_nothing(app, scene, apart, redis_here):
    scene.invite()
    cookies = [f"ecabinet={app.test_client().enter_as(name).cookie(app)}" for name in ("a", "b", "head", "deputy") * 3]
    screens = Screens({
        "ports": [each.port for each in apart], "path": "/socket.io/?EIO=4&transport=websocket", "socketio": True,
        "cookies": cookies, "meeting_id": scene.meeting_id, "redis": redis_here.port,
    })  # fmt: skip
    screens.connect(200)
    assert [each.health()["clients"] for each in apart] == [100, 100]
    found = screens.burst(300)
    assert (found["lost"], found["disordered"]) == (0, 0)
    next(iter(screens.screens.values())).heard.append(b'"version":1')  # negative control: the oracle sees what is odd
    screens.version, screens.checked = 301, 300
    found = screens._oracle()
    assert (found["lost"], found["disordered"]) == (200, 0)
    screens.close()
    assert until(lambda: sum(each.health()["clients"] for each in apart) == 0)


def test_whoever_may_only_poll_hears_everything_in_order(scene, listen, monkeypatch):
    monkeypatch.setattr(payload.Payload, "max_decode_packets", 500)  # of the client
    scene.invite()
    polling, other = listen("a", transports=("polling",)), listen("b")
    assert polling.client.transport() == "polling"
    assert all(each.join(scene.meeting_id)["ok"] for each in (polling, other))
    for version in range(1, 101):
        announcing.to_meeting(scene.meeting_id, fact(scene.meeting_id, version))
        time.sleep(0.002)
    for listener in (polling, other):
        assert until(lambda: len(listener.facts) >= 100)  # noqa: B023
        assert versions(listener) == list(range(1, 101))


def test_a_client_that_changes_from_polling_to_a_websocket_loses_and_reorders_nothing(scene, listen, monkeypatch):
    """In the middle of a stream: what waits in the queue is never overtaken on the fast way."""
    monkeypatch.setattr(payload.Payload, "max_decode_packets", 500)
    scene.invite()
    stop = itertools.count(1)
    watching = listen("b")
    watching.join(scene.meeting_id)
    for _each in range(5):
        before = len(watching.facts)
        changing = listen("a", transports=("polling", "websocket"))
        changing.join(scene.meeting_id)
        for _announcement in range(60):
            announcing.to_meeting(scene.meeting_id, fact(scene.meeting_id, next(stop)))
        assert changing.client.transport() == "websocket"
        assert until(lambda: len(watching.facts) == before + 60)  # noqa: B023
        last = watching.facts[-1]["version"]
        assert until(lambda: changing.facts and changing.facts[-1]["version"] == last)  # noqa: B023
        heard = versions(changing)
        assert heard == list(range(heard[0], last + 1))
        changing.close()


def test_the_sockets_of_a_person_hear_of_his_notices_and_nobody_else(scene, listen, people):
    mine, at_home, other = listen("a", 0), listen("a", 1), listen("b", 0)
    announcing.to_person(people["a"].person_id, {"unread": 1})
    assert until(lambda: mine.told and at_home.told)
    assert mine.told == at_home.told == [("notice", {"unread": 1})]
    other.client.call("join", {"meeting_id": 1}, namespace="/meetings", timeout=30)  # whatever was sent has arrived
    assert other.told == []


def test_administrators_hear_of_the_background_work(scene, listen):
    admin, clerk = listen("admin"), listen("clerk")
    announcing.to_jobs(2, {"job_id": 1})  # of another body
    announcing.to_jobs(1, {"job_id": 2, "done": 3, "total": 5})
    assert until(lambda: admin.told)
    assert admin.told == [("job", {"job_id": 2, "done": 3, "total": 5})]
    clerk.client.call("join", {"meeting_id": 1}, namespace="/meetings", timeout=30)
    assert clerk.told == []


# -- who may listen ----------------------------------------------------------------------------------------------------


def test_rights_are_the_same_as_with_sockets_in_the_pages(scene, listen):
    early = listen("a")
    assert early.join(scene.meeting_id) == {"ok": False, "code": "not_found"}
    scene.invite()
    assert early.join(scene.meeting_id) == {
        "ok": True, "meeting_id": scene.meeting_id, "version": scene.meeting.version, "live": True
    }  # fmt: skip
    assert listen("admin").join(scene.meeting_id)["ok"] is False
    for odd in (None, 7, {"meeting_id": True}, {"meeting_id": 2**31}, b"\x00"):
        assert early.client.call("join", odd, namespace="/meetings", timeout=30)["ok"] is False


def test_a_flood_is_ignored_first_and_cut_off_at_last(scene, listen):
    flooding, other = listen("a"), listen("b")
    with contextlib.suppress(BadNamespaceError):  # it is cut off
        for _each in range(20_000):
            flooding.client.emit("noise", 1, namespace="/meetings")
            if not flooding.connected:
                break
    assert until(lambda: not flooding.connected)
    assert other.join(scene.meeting_id)["code"] == "not_found"


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"Cookie": ""}, 401), ({"Cookie": "ecabinet=eyJ0b2tlbiI6IngifQ.aaaa.bbbb"}, 401),
        ({"Origin": "https://example.org"}, 400), ({"Host": "example.org"}, 400), ({}, 200),
    ],
)  # fmt: skip
def test_strangers_are_turned_away_at_the_door(app, apart, change, status):
    cookie = app.test_client().enter_as("a").cookie(app)
    line = http.client.HTTPConnection("127.0.0.1", apart[0].port)
    headers = {"Cookie": f"ecabinet={cookie}"} | change
    line.request("GET", "/socket.io/?EIO=4&transport=polling", headers=headers)
    assert line.getresponse().status == status
    line.close()


def test_ended_and_locked_sessions_are_refused(app, scene, listen):
    cookie = listen("a").cookie
    living = living_of(app, cookie)
    login.lock_screen(living, dt.datetime.now(dt.UTC))
    with pytest.raises(Refused):
        listen("a", cookie=cookie)
    login.sign_out(living, dt.datetime.now(dt.UTC))
    with pytest.raises(Refused):
        listen("a", cookie=cookie)


def test_signing_out_cuts_the_sockets_of_that_session_in_whichever_process(app, scene, listen):
    here = listen("a", 0)
    there, elsewhere, other = listen("a", 1, cookie=here.cookie), listen("a", 1), listen("b", 0)
    began = dt.datetime.now(dt.UTC)
    login.sign_out(living_of(app, here.cookie), began)
    relay.drain(began)
    assert until(lambda: not here.connected and not there.connected)
    assert elsewhere.connected
    assert other.connected


def test_a_session_that_ended_untold_is_found_by_the_clock(app, redis_here, tmp_path, request):
    process = Realtime(app, redis_here, tmp_path / "log", sessions_every=1)
    request.addfinalizer(process.stop)
    assert until(process.follows, 120)
    here, other = [Listener(process.address, app.test_client().enter_as(name).cookie(app)) for name in "ab"]
    request.addfinalizer(other.close)
    login.sign_out(living_of(app, here.cookie), dt.datetime.now(dt.UTC))
    assert until(lambda: not here.connected)
    assert other.connected
    assert "a sweep failed" not in process.said


def living_of(app, cookie):
    db.session.rollback()
    token = app.session_interface.get_signing_serializer(app).loads(cookie)[TOKEN]
    return login.session_of(token, dt.datetime.now(dt.UTC))


# -- what goes wrong ---------------------------------------------------------------------------------------------------

HOSTILE = [
    b"", b"x", b"\xff\xfe", b"[]", b"1", b"null", b"{}", b"[" * 10_000, b'{"kind":"meeting"}',
    b'"' + b"x" * 20_000 + b'"',
    b'{"kind":"everybody","about":1,"message":{}}', b'{"kind":["meeting"],"about":1,"message":{}}',
    b'{"kind":"person","about":"1","message":{}}', b'{"kind":"person","about":-1,"message":{}}',
    b'{"kind":"person","about":true,"message":{}}', b'{"kind":"person","about":1,"message":"x"}',
    b'{"kind":"person","about":1,"message":{},"more":1}', b'{"kind":"meeting","about":1,"message":{}}',
    b'{"kind":"meeting","about":1,"message":{"fact":"X","meeting_id":2,"version":1}}',
    b'{"kind":"meeting","about":1,"message":{"fact":"X","meeting_id":1,"version":"1"}}',
    b'{"kind":"meeting","about":1,"message":{"fact":"X","meeting_id":1,"version":1,"poll_id":[]}}',
    b'{"kind":"meeting","about":1,"message":{"fact":"BallotCast","meeting_id":1,"version":1}}',
    b'{"cut":true}', b'{"cut":true,"session_ids":"all","person_id":null}',
    b'{"cut":true,"session_ids":[0],"person_id":null}', b'{"cut":true,"session_ids":[],"person_id":"1"}',
]  # fmt: skip


def test_hostile_texts_on_the_channel_are_refused_and_logged(scene, both_listen, apart, redis_here):
    before = [each.health()["refused"] for each in apart]
    with redis.Redis(port=redis_here.port) as client:
        for text in HOSTILE:
            client.publish(CHANNEL, text)
    announcing.to_meeting(scene.meeting_id, fact(scene.meeting_id, 999))
    for listener in both_listen:
        assert until(lambda: versions(listener) == [999])  # noqa: B023
        assert listener.connected
        assert listener.told == []
    for each, refused in zip(apart, before, strict=True):
        assert each.health()["refused"] - refused == len(HOSTILE)
        assert each.said.count("refused what came over") >= len(HOSTILE)
        assert "Traceback" not in each.said


def test_a_slow_client_is_cut_off_and_holds_up_nobody(app, scene, both_listen, apart):
    cookie = app.test_client().enter_as("head").cookie(app)
    before = apart[0].health()["cut_off"]
    slow = slow_screen(apart[0].port, cookie, scene.meeting_id)
    late, number = [], 0
    for number in range(1, 20_001):
        announcing.to_meeting(scene.meeting_id, fact(scene.meeting_id, number, pad="x" * 4000))
        if number % 50 == 0:
            sent = time.monotonic()
            assert until(lambda: all(len(each.facts) >= number for each in both_listen)), number  # noqa: B023
            late.append(time.monotonic() - sent)
            if apart[0].health()["cut_off"] > before:
                break
    assert apart[0].health()["cut_off"] == before + 1
    assert max(late) < STALLED  # whoever was held up would be so until the slow one is cut off
    for listener in both_listen:
        assert versions(listener) == list(range(1, number + 1))
    assert ended(slow)


def slow_screen(port, cookie, meeting_id):
    """A screen that has joined and reads nothing any more."""
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.settimeout(60)
    line.connect(("127.0.0.1", port))
    line.sendall(
        f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        f"Cookie: ecabinet={cookie}\r\n\r\n".encode()
    )
    heard = line.recv(4096)
    for text in (b"40/meetings,", b'42/meetings,0["join",{"meeting_id":%d}]' % meeting_id):
        line.sendall(bytes((0x81, 0x80 | len(text))) + b"\0\0\0\0" + text)
    while b"43/meetings,0" not in heard:
        heard += line.recv(4096)
    assert b'"ok":true' in heard, heard
    return line


def ended(line):
    """Whether the other side has gone, after everything that was still on its way."""
    line.settimeout(60)
    try:
        while line.recv(65536):
            pass
    except ConnectionError:
        pass
    line.close()
    return True


def test_a_redis_that_goes_and_comes_back_loses_nothing(scene, both_listen, apart, redis_here):
    redis_here.pause()
    try:
        assert until(lambda: not any(each.follows() for each in apart))
        assert until(lambda: all(each.told == [("adrift", {})] for each in both_listen)), "they look for themselves now"
        attendance.confirm_presence(scene.who["b"], scene.meeting_id, Presence.REMOTE, now=scene.now)
        assert tell_everybody() == 0
        with pytest.raises(publishing.Away):
            announcing.to_person(1, {})
    finally:
        redis_here.start()
    job = db.session.query(Job).filter(Job.state == JobState.DUE, Job.name == "meetings.announce").one()
    assert "Redis did not answer" in job.last_error
    job_id = job.id
    assert until(lambda: all(each.told == [("adrift", {}), ("resync", {})] for each in both_listen))
    assert all(each.health()["redis"] == "up" for each in apart)
    time.sleep(publishing.REST)
    relay.drain(NOW + dt.timedelta(minutes=1))
    assert db.session.get(Job, job_id).state is JobState.DONE
    for listener in both_listen:
        assert until(lambda: "PresenceChanged" in listener.names())  # noqa: B023


def test_a_screen_that_comes_while_redis_is_away_is_told_so(scene, apart, listen, redis_here):
    scene.invite()
    redis_here.pause()
    try:
        assert until(lambda: not any(each.follows() for each in apart))
        assert listen("a").join(scene.meeting_id)["live"] is False
    finally:
        redis_here.start()
    assert until(lambda: all(each.follows() for each in apart))
    assert listen("a").join(scene.meeting_id)["live"] is True


# -- the program -------------------------------------------------------------------------------------------------------

FOREIGN = """
import sys
from app.realtime import listening, serve
app = serve.application()
with app.app_context():
    listening.listener_of({})
    listening.join({}, ({"meeting_id": 1},))
print(*(name for name in sys.modules), sep="\\n")
"""
VIEWS = {"app.views", "app.views.actor"}


def test_neither_signing_nor_forms_are_loaded(app, apart):
    found = subprocess.run(
        [sys.executable, "-c", FOREIGN], cwd=ROOT, env=apart[0].environment, capture_output=True, text=True, check=True
    )
    loaded = set(found.stdout.split())
    assert "app.realtime.serve" in loaded
    assert {name for name in loaded if name.startswith("app.views")} <= VIEWS
    assert not {name for name in loaded if name.startswith(("app.gateways", "app.tasks", "app.demo", "app.signer"))}
    assert not {name for name in loaded if name.split(".")[0] in {"pyhanko", "pkcs11", "reportlab", "pypdfium2"}}
    assert not loaded & {"app.workflows.keys", "app.workflows.ballots", "app.security", "app.wiring"}


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_at_once_even_with_open_sockets(app, redis_here, tmp_path, how):
    process = Realtime(app, redis_here, tmp_path / "log")
    assert until(process.follows, 120)
    cookie = app.test_client().enter_as("a").cookie(app)
    listeners = [Listener(process.address, cookie), Listener(process.address, cookie, transports=("polling",))]
    status, took = process.stop(how)
    assert status == 0
    assert took < 20
    assert "Traceback" not in process.said
    for listener in listeners:
        listener.close()


@pytest.mark.parametrize(("missing", "said"), [("ECABINET_SECRET_KEY", "32"), ("ECABINET_REDIS", "ECABINET_REDIS")])
def test_it_does_not_start_half_configured(apart, missing, said):
    done = subprocess.run(
        [sys.executable, "-m", "app.realtime.serve", "--port", "1"], cwd=ROOT, capture_output=True, text=True,
        env=apart[0].environment | {missing: ""}, check=False,
    )  # fmt: skip
    assert done.returncode == 78
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_the_announcement_is_small_json():
    """What goes over the channel can be read by an operator with redis-cli."""
    from app.realtime.channel import Announcement, Cut, decode, encode

    for what in (Announcement("meeting", 5, fact(5, 7)), Cut(frozenset({1, 2}), None), Cut(frozenset(), 3)):
        assert decode(encode(what).encode()) == what
    assert json.loads(encode(Cut(frozenset({1}), None))) == {"cut": True, "session_ids": [1], "person_id": None}
