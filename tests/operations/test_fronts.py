"""nginx before the installation: nobody is somebody else, no request hides in another, nothing slow gets in."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import pytest

from tests.gateways.upload_corpus import paper
from tests.operations.fronts import (
    HOSTS,
    Front,
    Line,
    chunked,
    form,
    get,
    installation,
    lines_of,
    said,
    status,
    straight,
    upload,
)
from tests.operations.hurried import BEGUN, SLOW, TAKEN
from tests.web import Web

MEGABYTE = 1024 * 1024
ME, PRETENDED = "127.0.0.2", "203.0.113.7"
UNASKED = "/password/"  # nobody asks for it but what hides in a request
HIDDEN = f"GET {UNASKED} HTTP/1.1\r\nHost: localhost\r\n\r\n"
PLACES_TO_JUDGE = 4
MANY = 2 * PLACES_TO_JUDGE


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    made = installation(ECABINET_PROXIES="1")
    yield made.start("tests.operations.hurried")
    made.stop()


@pytest.fixture(scope="module")
def alone(web: Web) -> Iterator[Web]:
    """The same without a proxy."""
    made = Web(ECABINET_HOSTS=HOSTS)
    made.furnish(web.var)
    yield made.start("tests.operations.hurried")
    made.stop()


@pytest.fixture(scope="module")
def front(web: Web) -> Iterator[Front]:
    made = Front(web)
    yield made
    made.stop()


@contextmanager
def slow_bodies(web: Web, head: str, begins: bytes = b"") -> Iterator[list[Line]]:
    """Many who say how much they will send and send next to nothing; the web process waits for all of them."""
    before = said(web, BEGUN)
    with ExitStack() as slow:
        lines = [slow.enter_context(straight(web, SLOW)).send(head).send(begins) for _ in range(MANY)]
        web._wait(lambda: said(web, BEGUN) == before + MANY, "wait for every body")
        yield lines


def counted(web: Web) -> set[str]:
    """The addresses that a wrong code was counted for."""
    with closing(sqlite3.connect(web.var / "ecabinet.db", timeout=60)) as database:
        return {address for (address,) in database.execute("SELECT address FROM login_try")}


def forget(web: Web) -> None:
    with closing(sqlite3.connect(web.var / "ecabinet.db", 60, isolation_level=None)) as database:
        database.execute("DELETE FROM login_try")


# -- who calls ---------------------------------------------------------------------------------------------------------

FORGED = {
    "one": [f"X-Forwarded-For: {PRETENDED}"],
    "a list": [f"X-Forwarded-For: {PRETENDED}, 198.51.100.1"],
    "twice": [f"X-Forwarded-For: {PRETENDED}", f"x-forwarded-for: {PRETENDED}"],
    "underscores": [f"X_Forwarded_For: {PRETENDED}"],
    "mixed": [f"X-Forwarded_For: {PRETENDED}"],
    "real": [f"X-Real-IP: {PRETENDED}", f"X_Real_IP: {PRETENDED}"],
    "RFC 7239": [f"Forwarded: for={PRETENDED};proto=http;host=evil.vn"],
    "of other proxies": [f"True-Client-IP: {PRETENDED}", f"CF-Connecting-IP: {PRETENDED}", f"Client-IP: {PRETENDED}"],
    "the environment": [f"REMOTE_ADDR: {PRETENDED}", f"REMOTE-ADDR: {PRETENDED}", f"HTTP_X_FORWARDED_FOR: {PRETENDED}"],
    "a header to drop": [f"X-Forwarded-For: {PRETENDED}", "Connection: X-Forwarded-For"],
    "empty": ["X-Forwarded-For:", f"X-Forwarded-For: {PRETENDED}"],
}  # fmt: skip


@pytest.mark.parametrize("headers", FORGED.values(), ids=FORGED)
def test_a_caller_is_who_nginx_sees(web, front, headers):
    forget(web)
    answer = front.line(ME).send(get("/xac-minh/" + "f" * 32, *headers)).rest()
    assert status(answer) == 404
    assert counted(web) == {ME}


def test_what_nginx_writes_itself_is_what_holds(web):
    """The control: without the line that overwrites, a caller says who he is."""
    forget(web)
    front = Front(web, "proxy_set_header X-Forwarded-For $http_x_forwarded_for;")
    answer = front.line(ME).send(get("/xac-minh/" + "f" * 32, *FORGED["one"])).rest()
    front.stop()
    assert status(answer) == 404
    assert counted(web) == {PRETENDED}


PLACES = {
    "script": ["SCRIPT_NAME: /evil"], "path": ["PATH_INFO: /healthz"], "host": ["X-Forwarded-Host: evil.vn"],
    "scheme": ["X-Forwarded-Proto: http"], "ssl": ["X-Forwarded-Ssl: off", "X-Forwarded-Protocol: http"],
    "prefix": ["X-Forwarded-Prefix: /evil", "X-Script-Name: /evil"], "url": ["X-Original-URL: /healthz",
    "X-Rewrite-URL: /healthz"], "port": ["X-Forwarded-Port: 81"],
}  # fmt: skip


@pytest.mark.parametrize("headers", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("before", [True, False], ids=["nginx", "straight"])
def test_no_header_leads_to_another_place(web, front, headers, before):
    line = front.line() if before else straight(web)
    answer = line.send(get("/meetings/", *headers)).rest()
    assert status(answer) == 302
    assert b"\r\nLocation: /login/?next=/meetings/\r\n" in answer
    assert b"evil" not in answer
    assert (b"Strict-Transport-Security" in answer) is before


def test_only_the_named_proxies_say_that_a_line_is_safe(alone):
    """One that listens for itself believes nobody, whatever is said on the loopback line."""
    answer = straight(alone).send(get("/login/", "X-Forwarded-Proto: https", "X-Forwarded-Ssl: on")).rest()
    assert status(answer) == 200
    assert b"Strict-Transport-Security" not in answer


# -- requests in requests ----------------------------------------------------------------------------------------------

TWO_ENDS = {
    "both": "Content-Length: {n}\r\nTransfer-Encoding: chunked",
    "both, the other way": "Transfer-Encoding: chunked\r\nContent-Length: {n}",
    "two lengths": "Content-Length: {n}\r\nContent-Length: 5", "a list of lengths": "Content-Length: 5, {n}",
    "a sign": "Content-Length: +5", "not a number": "Content-Length: 5x",
    "a space before the colon": "Transfer-Encoding : chunked\r\nContent-Length: 5",
    "another coding": "Transfer-Encoding: xchunked\r\nContent-Length: 5",
    "two codings": "Transfer-Encoding: chunked, identity\r\nContent-Length: 5",
    "chunked twice": "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\nContent-Length: 5",
    "a folded line": "Transfer-Encoding:\r\n chunked\r\nContent-Length: 5",
    "an underscore": "Transfer_Encoding: chunked\r\nContent-Length: 5",
    "a tab": "Transfer-Encoding:\tchunked\r\nContent-Length: 5",
    "a bare line end": "X: y\nTransfer-Encoding: chunked\r\nContent-Length: 5",
    "a bare return": "X: y\rTransfer-Encoding: chunked\r\nContent-Length: 5",
    "a zero byte": "X: y\0\r\nTransfer-Encoding: chunked\r\nContent-Length: 5",
}  # fmt: skip
ENDED = "0\r\n\r\n"


def hiding(sizes: str) -> bytes:
    """Whoever believes the first five bytes of the body to be all of it finds a request behind them."""
    body = ENDED + HIDDEN
    head = f"POST /login/ HTTP/1.1\r\nHost: localhost\r\n{sizes.format(n=len(body))}\r\nConnection: keep-alive\r\n\r\n"
    return f"{head}{body}{get('/meetings/')}".encode()


@pytest.mark.parametrize("sizes", TWO_ENDS.values(), ids=TWO_ENDS)
def test_nginx_and_the_program_agree_where_a_request_ends(web, front, sizes):
    """A request that ends for nginx is one for the program too: as many are answered as nginx has passed on."""
    before = len(lines_of(web, "access"))
    answers = front.line().send(hiding(sizes)).rest()
    passed = [part for part in answers.split(b"HTTP/1.1 ")[1:] if b"X-Request-ID" in part]
    assert len(lines_of(web, "access")) - before == len(passed)
    assert status(answers) in (200, 302, 400, 501)


@pytest.mark.parametrize("sizes", ["both", "two lengths", "a list of lengths", "another coding", "two codings"])
def test_a_body_with_two_ends_is_refused_by_the_program_itself(web, sizes):
    before = len(lines_of(web, UNASKED))
    answers = straight(web).send(hiding(TWO_ENDS[sizes])).rest()
    assert status(answers) in (400, 501)
    assert answers.count(b"HTTP/1.1 ") == 1
    assert len(lines_of(web, UNASKED)) == before


BROKEN = [b"ZZ\r\n", b"-5\r\nabcde\r\n", b"5\r\nabcdeXX0\r\n\r\n", b"\r\n", b"5 5\r\nabcde\r\n"]


@pytest.mark.parametrize("path", ["/xac-minh/", "/login/", "/pki/ocsp"])
@pytest.mark.parametrize("body", BROKEN, ids=range(len(BROKEN)))
def test_chunks_that_say_nothing_sensible_are_no_fault_of_ours(web, path, body):
    forget(web)
    kind = "application/ocsp-request" if "ocsp" in path else "multipart/form-data; boundary=edge"
    answer = straight(web).send(upload(None, path=path, kind=kind)).send(body).rest()
    assert status(answer) == 400, answer[:300]


# -- how much, how slowly ----------------------------------------------------------------------------------------------


def test_a_file_of_the_largest_size_arrives_with_and_without_its_length(web, front):
    forget(web)
    body = form(b"%PDF-1.7\n" + bytes(20 * MEGABYTE - 9))
    assert status(front.line().send(upload(len(body))).send(body).rest()) == 200
    assert status(front.line().send(upload(None)).send(chunked(body)).rest()) == 200


def test_a_file_beyond_the_size_is_refused_in_words_with_and_without_its_length(web, front):
    forget(web)
    body = form(b"%PDF-1.7\n" + bytes(20 * MEGABYTE - 8))
    for answer in (
        front.line().send(upload(len(body))).send(body).rest(),
        front.line().send(upload(None)).send(chunked(body)).rest(),
    ):
        assert status(answer) == 413
        assert "Tối đa 20 MB".encode() in answer


def test_a_body_without_a_length_ends_at_the_door_like_one_with_it(web, front):
    before = len(lines_of(web, "/xac-minh"))
    answer = front.line().send(upload(None)).send(chunked(bytes(24 * MEGABYTE))).rest()
    assert status(answer) == 413
    assert len(lines_of(web, "/xac-minh")) == before


def test_slow_uploads_stay_with_nginx_and_others_are_answered(web, front):
    forget(web)
    body, before = form(paper("Kính trình.")), len(lines_of(web, "/xac-minh"))
    with ExitStack() as slow:
        for _ in range(MANY):
            slow.enter_context(front.line(ME)).send(upload(len(body))).send(body[:50])
        answer = front.line().send(upload(len(body))).send(body).rest()
        assert status(answer) == 200
        assert len(lines_of(web, "/xac-minh")) == before + 1


def test_nginx_waits_for_nobody_who_says_nothing_more(web):
    front = Front(web, "client_body_timeout 1s;", "client_header_timeout 1s;")
    began = time.monotonic()
    with front.line() as body, front.line() as head:
        body.send(upload(100_000)).send(b"--edge\r\n")
        head.send("GET /login/ HTTP/1.1\r\nHost:")
        answers = body.rest(), head.rest()
    front.stop()
    assert [answer.startswith((b"", b"HTTP/1.1 408")) for answer in answers] == [True, True]
    assert [b" 200 " in answer for answer in answers] == [False, False]
    assert time.monotonic() - began < 30


def test_slow_uploads_hold_no_place_where_nginx_does_not_keep_them(alone):
    """Whoever sends a byte now and then, to an installation that listens for itself, keeps nobody from the page."""
    body, asked = form(paper("Kính trình.")), upload(None).replace("https:", "http:")
    with slow_bodies(alone, asked) as lines:
        assert status(straight(alone).send(asked).send(chunked(body)).rest()) == 200
        for _ in range(30):  # longer than the time of a body
            for line in lines:
                line.send(b"1\r\n-\r\n")
            time.sleep(0.1)
        answers = [line.rest() for line in lines]
    assert [status(answer) for answer in answers] == [408] * MANY
    assert all("Tệp gửi đến quá chậm".encode() in answer for answer in answers)
    assert alone.troubles() == []
    assert status(straight(alone).send(asked).send(chunked(body)).rest()) == 200


def test_whoever_does_not_hang_up_keeps_nobody_waiting(alone):
    """The server closes each of these lines with a pause of two seconds; one after the other that would be eighty."""
    began = time.monotonic()
    with ExitStack() as open_lines:
        lines = [open_lines.enter_context(straight(alone)).send(get("/login/")) for _ in range(40)]
        for line in lines:
            line.begins()
        assert status(straight(alone).send(get("/login/")).rest()) == 200
    assert time.monotonic() - began < 60


def test_slow_uploads_would_hold_the_places_if_a_body_took_its_place_first(web):
    """The control."""
    careless = Web(ECABINET_HOSTS=HOSTS, ECABINET_TEST_PLACE="first")
    careless.furnish(web.var)
    careless.start("tests.operations.hurried")
    body, asked = form(paper("Kính trình.")), upload(None).replace("https:", "http:")
    with ExitStack() as slow:
        for _ in range(MANY):
            slow.enter_context(straight(careless, SLOW)).send(asked).send(b"1\r\n-\r\n")
        careless._wait(lambda: said(careless, TAKEN) == PLACES_TO_JUDGE, "take every place")
        assert status(straight(careless).send(asked).send(chunked(body)).rest()) == 429
    careless.stop()


def test_slow_questions_hold_no_place_of_those_about_certificates(web):
    asked = upload(1000, path="/pki/ocsp", kind="application/ocsp-request")
    with slow_bodies(web, asked, b"0") as lines:
        assert status(straight(web).send(get("/pki/issuing.crl")).rest()) == 200
        assert [status(line.rest()) for line in lines] == [408] * MANY


def test_nothing_of_it_was_a_fault_of_the_program(web):
    assert web.troubles() == []
