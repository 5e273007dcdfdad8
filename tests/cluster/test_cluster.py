"""The whole shape of a production on this machine, started once: what the proxy lets through, and who may die.

One process of each kind is killed while members vote through the proxy. No acknowledged ballot is lost, nobody is told
twice, and every screen shows what is so.
"""

import os
import signal
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from app.demo.loader import PIN
from deploy.cluster.outside import WITNESS_NAME
from deploy.cluster.replay import MEMBERS as EVERYBODY
from deploy.cluster.replay import TOLD, Session, clients_of, hold
from deploy.cluster.visitor import Visitor, until
from tests.cluster.running import MEMBERS, Running
from tests.faults.history import History

pytestmark = pytest.mark.fault

KINDS = ("web1", "realtime1", "signer", "witness", "tsa", "rq", "celery", "beat", "nginx")
CHOICES = ("agree", "disagree")
WITHOUT_REDIS = 5.0  # seconds
SLOWEST = 30.0  # seconds for a ballot while Redis hangs, on a machine that the other tests share
BACK_WITHIN = 90.0  # seconds until a killed process serves again
DONE_WITHIN = 240.0  # seconds until every job is done, also those whose hint was lost with Redis
JOBS = """
    SELECT name, queue, state, attempts, handed_at, due_at, last_error FROM job
    WHERE state NOT IN ('done', 'cancelled') AND due_at <= now()
"""
TWICE = "SELECT person_id, audit_entry_id FROM notice GROUP BY 1, 2 HAVING count(*) > 1"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Running]:
    running = Running()
    try:
        yield running.wait_until_it_serves()
    finally:
        running.remove()


@pytest.fixture(scope="module")
def session(cluster: Running) -> Iterator[Session]:
    """Five members with screens on both realtime processes, and an open vote."""
    held = Session(cluster.state, EVERYBODY[:MEMBERS])
    try:
        held.come()
        held.prepare("Phiên họp thử")
        held.watch()
        held.gather()
        held.open_vote()
        yield held
    finally:
        held.close()  # whose threads would ask for a line in the middle of other tests


@pytest.fixture(scope="module")
def history(cluster: Running) -> History:
    return History(cluster, "")  # type: ignore[arg-type] - it connects as the servers of the tests do


# -- the door ----------------------------------------------------------------------------------------------------------


def test_the_proxy_speaks_http_2_and_no_old_tls(cluster):
    port, trusted = address(cluster)[1], ssl.create_default_context(cafile=cluster.state["certificate"])
    trusted.set_alpn_protocols(["h2", "http/1.1"])
    with trusted.wrap_socket(socket.create_connection(("127.0.0.1", port)), server_hostname="localhost") as line:
        assert line.selected_alpn_protocol() == "h2"
        assert line.version() in ("TLSv1.2", "TLSv1.3")
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with socket.create_connection(("127.0.0.1", port)) as line, pytest.raises(ssl.SSLError):
        old.wrap_socket(line)


@pytest.mark.parametrize("path", ["/login/", "/static/ec/tokens.css", "/static/appbuilder/js/jquery-latest.js"])
def test_security_headers_come_once(cluster, path):
    answer = get(cluster, path)
    assert answer.status_code == 200
    for name in ("Content-Security-Policy", "X-Content-Type-Options", "Cross-Origin-Resource-Policy", "Cache-Control"):
        assert len(answer.raw.headers.getlist(name)) == 1, name
    assert answer.raw.headers.getlist("Server") == ["nginx"]


def test_files_of_the_program_come_from_the_proxy_and_are_asked_for_again(cluster):
    first = get(cluster, "/static/ec/tokens.css")
    assert first.headers["Cache-Control"] == "no-cache"
    assert "X-Request-ID" not in first.headers, "the program was not asked"
    assert get(cluster, "/static/ec/tokens.css", **{"If-None-Match": first.headers["ETag"]}).status_code == 304
    assert get(cluster, "/static/../config.py").status_code in (400, 404)
    assert get(cluster, "/static/%2e%2e/%2e%2e/config.py").status_code in (400, 404)


def test_strangers_learn_nothing_of_the_inside(cluster):
    assert get(cluster, "/metrics").status_code == 404
    forged = {"X-Forwarded-For": "127.0.0.1", "Forwarded": "for=127.0.0.1", "X-Request-ID": "forged-number-1"}
    ready = get(cluster, "/readyz", **forged)
    assert ready.json() == {"status": "ready"}
    assert ready.headers["X-Request-ID"] != "forged-number-1"
    assert get(cluster, "/login/", Host="example.org").status_code == 400


def test_what_is_much_too_large_ends_at_the_door_in_vietnamese(cluster):
    for path, largest in (("/login/", 2), ("/xac-minh/", 22), ("/records/versions/add", 56)):
        line = ssl.create_default_context(cafile=cluster.state["certificate"]).wrap_socket(
            socket.create_connection(("127.0.0.1", address(cluster)[1])), server_hostname="localhost"
        )
        with line:
            length = largest * 1024 * 1024 + 1
            line.sendall(f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n".encode())
            answer = b""
            while b"</html>" not in answer and (more := line.recv(4096)):
                answer += more
        assert answer.startswith(b"HTTP/1.1 413"), path
        assert "Tệp quá lớn".encode() in answer


def test_every_page_gives_a_lane_once(cluster):
    browser = requests.Session()
    browser.trust_env = False
    browser.verify = cluster.state["certificate"]
    first = browser.get(f"{cluster.state['address']}/login/")
    lane = browser.cookies["ecabinet_lane"]
    (said,) = [each for each in first.raw.headers.getlist("Set-Cookie") if each.startswith("ecabinet_lane=")]
    assert set(said.split("; ")[1:]) == {"Path=/", "HttpOnly", "SameSite=Lax", "Secure"}
    browser.get(f"{cluster.state['address']}/login/")
    assert browser.cookies["ecabinet_lane"] == lane
    browser.close()


# -- several processes, one installation -------------------------------------------------------------------------------


def test_every_realtime_process_has_clients_and_all_of_them_hear(cluster, session):
    assert all(clients_of(port) for port in cluster.state["realtime"])
    assert {screen.client.transport() for screen in session.screens} == {"websocket", "polling"}
    for screen in session.screens:
        for fact in ("MeetingOpened", "PollOpened"):
            until(lambda: screen.heard(fact), fact)  # noqa: B023


def test_a_ballot_cast_through_one_process_shows_on_the_other(cluster, session, history):
    member = session.people[EVERYBODY[1]]
    receipt = directly(cluster, 0, member).vote(session.poll_id, "agree", PIN)
    told = directly(cluster, 1, member).ask(f"/meetings/{session.meeting_id}/snapshot")
    assert told["poll"]["voted"] == 1
    assert directly(cluster, 1, member).ask(f"/polls/{session.poll_id}/receipt")
    for screen in session.screens:
        until(lambda: any(each.get("voted") == 1 for each in screen.facts), "the count")  # noqa: B023
    history.check([receipt])


def test_one_process_of_each_kind_dies_while_members_vote_and_nothing_is_lost(cluster, session, history):
    with voting(session) as receipts:
        for name in KINDS:
            before = len(receipts)
            starts = cluster.program(name)["starts"]
            cluster.kill(name)
            until(lambda: cluster.program(name)["starts"] > starts, f"{name} is started again")  # noqa: B023
            until(lambda: len(receipts) >= before + 2, f"ballots after the death of {name}", BACK_WITHIN)  # noqa: B023
    assert len(receipts) > len(KINDS)
    history.check(receipts)


def test_ballots_need_no_redis_and_none_is_lost_when_it_forgets_everything(cluster, session, history):
    pid, starts = cluster.program("redis")["pid"], cluster.program("redis")["starts"]
    took: list[float] = []
    os.kill(pid, signal.SIGSTOP)  # it takes connections and says nothing: worse than being away
    try:
        deadline, receipts = time.monotonic() + WITHOUT_REDIS, []
        while time.monotonic() < deadline or len(took) < 2:
            began = time.monotonic()
            receipts.append(session.people[EVERYBODY[0]].vote(session.poll_id, "agree", PIN))
            took.append(time.monotonic() - began)
    finally:
        os.kill(pid, signal.SIGKILL)
    assert max(took) < SLOWEST, took
    until(lambda: cluster.program("redis")["starts"] > starts, "Redis is started again")
    history.check(receipts)


def test_afterwards_every_screen_shows_what_is_so(cluster, session, history):
    for member in EVERYBODY[:MEMBERS]:
        session.people[member].vote(session.poll_id, "agree", PIN)
    expect_done(history)
    stored = {row.member_id for row in history.ballots()}
    assert len(stored) == MEMBERS
    for port in cluster.state["web"]:
        until(lambda: is_up(port), "the killed web process serves again", BACK_WITHIN)  # noqa: B023
    told = [
        directly(cluster, number, session.people[name]).ask(f"/meetings/{session.meeting_id}/snapshot")
        for number in (0, 1) for name in EVERYBODY[:MEMBERS]
    ]  # fmt: skip
    assert {(each["poll"]["voted"], each["poll"]["members"]) for each in told} == {(MEMBERS, MEMBERS)}
    for screen in session.screens:
        until(lambda: screen.client.connected, "every screen has come back", BACK_WITHIN)  # noqa: B023
    result = session.publish()
    assert (result["agree"], result["disagree"], result["not_voting"]) == (MEMBERS, 0, 0)
    session.expect_told(TOLD[2:])


def test_the_witness_and_the_authority_confirm_what_was_done_each_with_a_key_of_its_own(cluster, session, history):
    """Both were killed meanwhile. The heads are signed by the signer: no file of the log's key is with the pages."""
    member = session.people[EVERYBODY[0]]

    def receipt():
        return member.ask(f"/polls/{session.poll_id}/receipt")["receipt"]

    until(lambda: receipt()["checkpoint"], "the checkpoint over the vote", BACK_WITHIN)
    until(lambda: [each["state"] for each in receipt()["checkpoint"]["witnesses"]] == ["signed"], "the witness",
          BACK_WITHIN)  # fmt: skip
    until(lambda: receipt()["stamp_state"] == "stamped", "the time stamp", BACK_WITHIN)
    ((witness,),) = history.rows("SELECT DISTINCT witness FROM checkpoint_cosignature")
    assert witness == receipt()["checkpoint"]["witnesses"][0]["witness"] == WITNESS_NAME
    holders = {path.relative_to(cluster.folder).parts[0] for path in cluster.folder.glob("*/log.key")}
    assert holders == {"signer"}
    keys = [path.read_bytes() for path in cluster.folder.glob("*/installation.key")]
    assert len(keys) == len(set(keys)) == 2  # the signer's, and that of whoever gives the time stamps
    assert (cluster.folder / "witness" / "key").exists()


def test_then_a_whole_session_is_held_through_the_proxy_and_nobody_is_told_twice(cluster, history):
    """From the invitation to a Resolution that anybody has checked; every process of it has been killed before."""
    again = Session(cluster.state, EVERYBODY[:MEMBERS])
    try:
        account = hold(again)
    finally:
        again.close()
    assert "5 thành viên" in account
    assert "ban hành" in account
    expect_done(history)
    assert not history.rows(TWICE)
    assert not history.rows("SELECT name, last_error FROM job WHERE state = 'failed'")


def test_nobody_said_a_secret(cluster):
    said = cluster.logs()
    assert len(said) > len(KINDS)
    assert PIN not in said


def test_ctrl_c_ends_everything(cluster, session):
    session.close()
    family, ports = cluster.offspring(), [*cluster.state["web"], *cluster.state["realtime"], address(cluster)[1]]
    assert len(family) > len(KINDS)
    assert cluster.end() == 0
    assert not [pid for pid in family if Path(f"/proc/{pid}").exists()]
    for port in ports:
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0


# -- what they share ---------------------------------------------------------------------------------------------------


def address(cluster: Running) -> tuple[str, int]:
    host, _colon, port = cluster.state["address"].removeprefix("https://").partition(":")
    return host, int(port)


def get(cluster: Running, path: str, **headers: str) -> requests.Response:
    with requests.Session() as caller:
        request = requests.Request("GET", cluster.state["address"] + path, headers=headers)
        prepared = caller.prepare_request(request)
        prepared.url = cluster.state["address"] + path  # as written
        return caller.send(prepared, verify=cluster.state["certificate"], timeout=30)


def is_up(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/healthz", timeout=5).ok
    except requests.RequestException:
        return False


def directly(cluster: Running, number: int, member: Visitor) -> Visitor:
    """The same device before one of the web processes, past the proxy."""
    here = Visitor(f"http://127.0.0.1:{cluster.state['web'][number]}", "", member.name)
    here.http.headers["Cookie"] = "; ".join(f"{each.name}={each.value}" for each in member.http.cookies)
    here.token = member.token
    return here


@contextmanager
def voting(session: Session) -> Iterator[list[dict[str, Any]]]:
    """Every member votes again and again, each time otherwise; all receipts that they were given."""
    receipts: list[dict[str, Any]] = []
    problems: list[Exception] = []
    stop = threading.Event()

    def vote_on(name: str) -> None:
        number = 0
        try:
            while not stop.wait(0.2):
                number += 1
                receipts.append(session.people[name].vote(session.poll_id, CHOICES[number % 2], PIN))
        except Exception as problem:
            problems.append(problem)

    threads = [threading.Thread(target=vote_on, args=(name,)) for name in session.members]
    for thread in threads:
        thread.start()
    try:
        yield receipts
    finally:
        stop.set()
        for thread in threads:
            thread.join(120)
    assert not problems, problems


def expect_done(history: History) -> None:
    """Every job comes to its end."""
    deadline = time.monotonic() + DONE_WITHIN
    while left := history.rows(JOBS):
        assert time.monotonic() < deadline, left
        time.sleep(0.5)
